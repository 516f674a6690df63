"""What the index knows of one file."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qwlsp.workspace.contents import (
    MAX_NESTING,
    Contents,
    Piece,
    contents,
    is_binary,
    nesting,
    snapshot,
)

SHOP = '''\
"""A shop."""

# Rates of taxes,
# by country.
RATES = {"de": 0.19}
LIMIT = 5  # at a time

# About nothing below.

# An order that can be paid.
class Order(Base):  # and sent
    """What somebody buys."""

    # How many of each.
    items: dict[str, int]

    # All of it.
    def totalPrice(self):
        # The tax comes last.
        add(1)
        add(2)
        return self.db.price(self)
    # Of the class.

add(3)  # the end
'''


def of(path: str, text: str | bytes) -> Contents:
    data = text.encode() if isinstance(text, str) else text
    return contents(path, snapshot(path, data))


def pieces(path: str, text: str) -> dict[str, Piece]:
    return {piece.title: piece for piece in of(path, text).pieces}


def test_pieces_are_the_module_and_its_definitions() -> None:
    assert [(piece.title, piece.lines) for piece in of("a/shop.py", SHOP).pieces] == [
        ("a/shop.py", (1, 25)),
        ("RATES", (5, 5)),
        ("LIMIT", (6, 6)),
        ("Order", (11, 23)),
        ("Order.items", (15, 15)),
        ("Order.totalPrice", (18, 22)),
    ]


def test_words_of_a_piece_are_of_its_name_its_place_and_its_docstring() -> None:
    found = pieces("a/webShop.py", SHOP)
    assert found["a/webShop.py"].name == "a webShop web Shop"
    assert found["Order.totalPrice"].name == "totalPrice total Price"
    assert found["Order.totalPrice"].text.split("\n")[:2] == ["a webShop web Shop", "Order"]
    assert "What somebody buys." in found["Order"].text
    assert "A shop." in found["a/webShop.py"].text


@pytest.mark.parametrize(
    ("comment", "owner"),
    [
        ("Rates of taxes,", "RATES"),
        ("by country.", "RATES"),
        ("at a time", "LIMIT"),
        ("About nothing below.", "shop.py"),
        ("An order that can be paid.", "Order"),
        ("and sent", "Order"),
        ("How many of each.", "Order.items"),
        ("All of it.", "Order.totalPrice"),
        ("The tax comes last.", "Order.totalPrice"),
        ("the end", "shop.py"),
    ],
)
def test_a_comment_belongs_to_the_definition_around_or_below_it(comment: str, owner: str) -> None:
    found = pieces("shop.py", SHOP)
    assert [title for title, piece in found.items() if comment in piece.text] == [owner]


def test_comments_stay_in_order() -> None:
    text = pieces("shop.py", SHOP)["RATES"].text
    assert text.index("Rates of taxes,") < text.index("by country.")


def test_of_equal_calls_in_one_function_the_first_is_kept() -> None:
    calls = [(call.name, call.caller, call.line) for call in of("shop.py", SHOP).calls]
    assert calls == [
        ("add", "Order.totalPrice", 20),
        ("price", "Order.totalPrice", 22),
        ("add", "", 25),
    ]


def test_markdown_has_sections_and_nothing_else() -> None:
    found = of("docs/install.md", "Before\n# With pip\ntype `pip`\n## With HTTPServer\n")
    assert [(piece.title, piece.lines, piece.name) for piece in found.pieces] == [
        ("docs/install.md", (1, 1), ""),
        ("With pip", (2, 3), "With pip"),
        ("With HTTPServer", (4, 4), "With HTTPServer HTTP Server"),
    ]
    assert [piece.text.split("\n") for piece in found.pieces][1] == ["docs install", "type `pip`"]
    assert (found.language, found.calls, found.outline.definitions) == ("markdown", (), ())


def test_javascript() -> None:
    code = "// Adds.\nexport function addUp(a) { return sum(a) }\n"
    found = of("a.js", code)
    assert [piece.title for piece in found.pieces] == ["a.js", "addUp"]
    assert "Adds." in found.pieces[1].text
    assert [call.name for call in found.calls] == ["sum"]


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert str(snapshot("a.py", b"\xef\xbb\xbfx = 1").text) == "x = 1"


def test_other_encodings_cost_a_few_characters() -> None:
    found = of(
        "a.py", "# -*- coding: latin-1 -*-\ndef größe(): 'ä'\ndef f(): 'ä'\n".encode("latin-1")
    )
    assert "f" in [piece.title for piece in found.pieces]


def test_a_name_that_is_no_text_can_be_stored() -> None:
    (piece,) = of("caf\udce9.md", "x").pieces
    assert piece.title == "caf?.md"


@pytest.mark.parametrize(
    ("data", "binary"),
    [(b"", False), (b"x = 1", False), (b"\xff\xfe\xfd", False), (b"a\0b", True)],
)
def test_binary_files_have_a_nul_near_the_start(data: bytes, binary: bool) -> None:
    assert is_binary(data) is binary


@pytest.mark.parametrize(
    ("code", "depth"),
    [(b"", 0), (b"f(a[1], {})", 2), (b"()[]{}", 1), (b")))(", 1), (b"((({", 4)],
)
def test_nesting(code: bytes, depth: int) -> None:
    assert nesting(code) == depth


@pytest.mark.parametrize("path", ["a.py", "a.js", "a.tsx"])
def test_code_that_is_nested_too_deeply_is_read_as_text(path: str) -> None:
    code = "{a:" * (MAX_NESTING + 1)
    found = of(path, code)
    assert found.language == "plaintext"
    assert (found.pieces, found.calls) == ((), ())


def test_code_of_a_thousand_levels() -> None:
    code = "".join(f"{' ' * n}if x{n}:\n" for n in range(1000)) + " " * 1000 + "last()\n"
    assert [call.name for call in of("a.py", code).calls] == ["last"]
    brackets = "x = " + "[" * 1000 + "last()" + "]" * 1000
    assert [call.name for call in of("a.py", brackets).calls] == ["last"]


def test_classes_in_a_thousand_classes() -> None:
    code = "".join(f"{' ' * n}class C{n}:\n" for n in range(1000)) + " " * 1000 + "x = 1\n"
    found = of("a.py", code)
    assert found.pieces[-1].title.endswith(".x")


def test_a_hundred_thousand_lines() -> None:
    found = of("a.py", "x = 1\n" * 50_000 + "def f(): g()\n" + "\n" * 50_000)
    assert found.line_count == 100_001
    assert found.pieces[-1].title == "f"


def test_a_single_line_of_a_megabyte() -> None:
    found = of("a.py", "x = '" + "y" * (1 << 20) + "'")
    assert [piece.title for piece in found.pieces] == ["a.py", "x"]
    assert found.line_count == 1


@given(st.binary(), st.sampled_from(["a.py", "a.js", "a.ts", "a.md"]))
@example(b"\xed\xa0\x80 def f(): pass", "a.py")
@example(b"class A:\r  # b\r  x = 1", "a.py")
@settings(derandomize=True, deadline=None, max_examples=200)
def test_any_bytes(data: bytes, path: str) -> None:
    found = of(path, data)
    for piece in found.pieces:
        assert 1 <= piece.lines[0] <= piece.lines[1] <= found.line_count
        (piece.title + piece.name + piece.text).encode()


TOKENS = ["def f():", "class C:", "x = 1", "# c", "\n", "\n  ", "\n    ", "@d", "if y:", "pass"]


@given(st.lists(st.sampled_from(TOKENS)))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_each_comment_belongs_to_one_piece(tokens: list[str]) -> None:
    marked = [f"# note{n}" if token == "# c" else token for n, token in enumerate(tokens)]
    found = of("a.py", " ".join(marked))
    for comment in (token for token in marked if token.startswith("# note")):
        words = [piece.text.split() for piece in found.pieces]
        assert sum(text.count(comment[2:]) for text in words) <= 1
