"""The code that a question is about: whole, its first statements, or a file's outline."""

from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.context.focus import LEFT_OUT, Focus, shortened, skeleton, whole
from qwlsp.documents import Snapshot
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Span, Text
from tests.unit.project import Files


def opened(code: str, path: str = "a.py") -> Snapshot:
    return Files({path: code}).snapshot(path)


def scope_of(snapshot: Snapshot, name: str) -> Scope:
    """The function or class of that qualified name, "" for the whole file."""
    if not name:
        return snapshot.whole
    found = next(d for d in snapshot.outline.definitions if d.qualified_name == name)
    return snapshot.scope_at(found.header)


def all_of(code: str, name: str = "", path: str = "a.py") -> Focus:
    snapshot = opened(code, path)
    return whole(scope_of(snapshot, name), snapshot.text)


def cut(code: str, max_bytes: int, name: str = "", path: str = "a.py") -> Focus:
    snapshot = opened(code, path)
    return shortened(scope_of(snapshot, name), snapshot.text, max_bytes=max_bytes)


def outline(code: str, path: str = "a.py", *, docstrings: bool = True) -> str:
    focus = skeleton(opened(code, path), docstrings=docstrings)
    assert focus.is_skeleton
    assert focus.left_out is None
    return focus.code


SHOP = '''\
"""A shop."""

import tax


class Shop:
    """Sells things.

    Most of them twice.
    """

    limit = 5

    @tax.added
    @cache
    def total(self, orders):
        """Add up.

        All of them.
        """
        result = 0
        for order in orders:
            result += order.price
        return result

    def empty(self): return []


def main():
    print(Shop().total([]))


if __name__ == "__main__":
    main()
'''

# Whole


def test_a_file_is_all_of_its_lines() -> None:
    assert all_of("x = 1\n\ny = 2\n") == Focus("x = 1\n\ny = 2\n", (1, 3))


def test_a_file_without_a_last_newline_gets_one() -> None:
    assert all_of("x = 1\ny = 2") == Focus("x = 1\ny = 2\n", (1, 2))


def test_a_function_with_its_decorators() -> None:
    focus = all_of(SHOP, "Shop.total")
    assert focus.lines == (14, 24)
    assert focus.code == "".join(SHOP.splitlines(keepends=True)[13:24])


def test_the_indentation_of_a_method_stays() -> None:
    assert all_of(SHOP, "Shop.empty").code == "    def empty(self): return []\n"


def test_line_ends_become_newlines() -> None:
    assert all_of(SHOP.replace("\n", "\r\n"), "Shop.total") == all_of(SHOP, "Shop.total")
    assert all_of("a\r\nb\rc\n", path="a.txt") == Focus("a\nb\nc\n", (1, 3))


@pytest.mark.parametrize("path", ["a.py", "a.js", "a.txt"])
def test_an_empty_file_is_one_empty_line(path: str) -> None:
    assert all_of("", path=path) == Focus("\n", (1, 1))


def test_a_function_of_javascript() -> None:
    code = "// a\nexport function f(a) {\n  return a\n}\nf(1)\n"
    assert all_of(code, "f", "a.js") == Focus("export function f(a) {\n  return a\n}\n", (2, 4))


def test_a_huge_line_is_one_line() -> None:
    code = "x = [" + "1, " * 300_000 + "]"
    assert all_of(code) == Focus(code + "\n", (1, 1))


def test_characters_that_end_no_line() -> None:
    assert all_of("a\x0cb\u2028c\x85d\ne\n", path="a.txt").lines == (1, 2)


# Shortened


FUNCTION = """\
def f(a):
    first = a
    if first:
        second = (
            first,
        )
        third = second
    return 4
"""


def check_cut(code: str, kept: int, name: str = "f", path: str = "a.py") -> None:
    """Check that with room for `kept` lines of `name`, but no more, these are kept."""
    snapshot = opened(code, path)
    scope = scope_of(snapshot, name)
    first, last = whole(scope, snapshot.text).lines
    begin = snapshot.text.line_span(first - 1).start
    room = snapshot.text.line_span(first + kept - 2).end - begin
    focus = shortened(scope, snapshot.text, max_bytes=room)
    assert focus.lines == (first, first + kept - 1)
    assert focus.left_out == (first + kept, last)
    end = snapshot.text.line_span(first + kept - 1).start
    note = LEFT_OUT.format(first=first + kept, last=last)
    assert focus.code == snapshot.text.slice(Span(begin, end)).replace("\r\n", "\n") + note


@pytest.mark.parametrize("kept", [1, 2, 3, 6, 7])
def test_a_function_is_cut_between_statements(kept: int) -> None:
    check_cut(FUNCTION, kept)
    check_cut(FUNCTION.replace("\n", "\r\n"), kept)
    check_cut("x = 1\n\n" + FUNCTION + "\ny = 2\n", kept)


@pytest.mark.parametrize(("room", "kept"), [(4, 3), (5, 3)])
def test_no_statement_is_cut_in_two(room: int, kept: int) -> None:
    lines = FUNCTION.splitlines()
    focus = cut(FUNCTION, len("\n".join(lines[:room])), "f")
    assert focus.lines == (1, kept)


def test_all_of_it_where_it_fits() -> None:
    assert cut(FUNCTION, len(FUNCTION) - 1, "f") == all_of(FUNCTION, "f")
    assert cut(FUNCTION, len(FUNCTION) - 2, "f").left_out == (8, 8)


@pytest.mark.parametrize("max_bytes", [-1, 0, 5])
def test_the_header_stays_whatever_it_takes(max_bytes: int) -> None:
    code = "@deco\n@other(\n    1,\n)\ndef f(\n    a,\n    b,\n):\n    return a\n"
    focus = cut(code, max_bytes, "f")
    assert focus.lines == (1, 8)
    assert focus.code == "".join(code.splitlines(keepends=True)[:8]) + LEFT_OUT.format(
        first=9, last=9
    )


def test_a_class_is_cut_between_members_and_in_them() -> None:
    code = "class A:\n    x = 1\n    def f(self):\n        a = 1\n        b = 2\n    y = 1\n"
    for kept in (1, 2, 3, 4, 5):
        check_cut(code, kept, "A")


def test_a_file_is_cut_between_statements() -> None:
    code = "import a\nx = [\n    1,\n]\ny = 2\n"
    for kept in (1, 4):
        check_cut(code, kept, "")


def test_javascript_is_cut_between_statements() -> None:
    code = "function f(a) {\n  const b = [\n    1,\n  ]\n  if (a) {\n    g()\n    h()\n  }\n}\n"
    for kept in (1, 4, 5, 6):
        check_cut(code, kept, "f", "a.js")


def test_a_class_of_javascript_is_cut_between_members() -> None:
    code = "class A {\n  f() {\n    g()\n    h()\n  }\n  i() {}\n}\n"
    for kept in (1, 2, 3, 5):
        check_cut(code, kept, "A", "a.js")


def test_text_is_cut_between_lines() -> None:
    for kept in (1, 2, 3):
        check_cut("a\n\nbbb\ncc", kept, "", "a.txt")


def test_a_huge_line_stays_even_if_it_does_not_fit() -> None:
    huge = "x" * 1_000_000
    assert cut(f"{huge}\nb\n", 10, path="a.txt").lines == (1, 1)
    assert cut(f"a\n{huge}\nb\n", 10, path="a.txt").lines == (1, 1)


@pytest.mark.parametrize("path", ["a.txt", "a.py", "a.js"])
def test_nothing_is_left_out_of_a_single_line(path: str) -> None:
    assert cut("f(1)", 0, path=path) == all_of("f(1)", path=path)
    assert cut("", -1, path=path) == all_of("", path=path)


def test_nothing_is_left_out_of_a_header_without_more_lines() -> None:
    code = "def f(\n    a\n): return a\n"
    assert cut(code, 0, "f") == all_of(code, "f")


def test_a_statement_that_begins_behind_another_one_is_no_place_to_cut() -> None:
    code = 'def f():\n    a = 1\n    b = """\n    text\n    """; c = 3\n    d = 4\n'
    room = len(code.partition('    """; c')[0]) - 1
    assert cut(code, room, "f").lines == (1, 2)


def test_characters_count_by_their_bytes() -> None:
    code = "ää\nöö\nüü\n"
    assert cut(code, 9, path="a.txt").lines == (1, 2)
    assert cut(code, 8, path="a.txt").lines == (1, 1)


blocks = st.recursive(
    st.sampled_from(
        [
            ["a = 1"],
            ["b = (", "    2,", ")"],
            ['c = """x', "  y", '"""; d = 3'],
            ["# note"],
            ["ü = 'ö'; e = [", "]"],
            [""],
        ]
    ),
    lambda inner: st.builds(
        lambda head, body: [
            *head.split("\n"),
            *("    " + line for part in body for line in part),
            "    pass",
        ],
        st.sampled_from(["if x:", "for y in z:", "def g():", "class B:", "@deco\ndef h():"]),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)
"""Statements of Python, as lines."""


@st.composite
def sources(draw: st.DrawFn) -> str:
    body = [line for part in draw(st.lists(blocks, max_size=5)) for line in part]
    head = draw(st.sampled_from(["def f():", "@deco\ndef f(\n    a,\n):", "class f:"]))
    lines = [*head.split("\n"), *("    " + line for line in body), "    end = 0", ""]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join("\n".join(lines).split("\n"))


def check_covered(snapshot: Snapshot, scope: Scope, focus: Focus) -> None:
    """What is kept and what is left out are all lines of the scope, each once."""
    text = snapshot.text
    every = whole(scope, text)
    if focus.left_out is None:
        assert focus == every
        return
    assert focus.lines[0] == every.lines[0] <= focus.lines[1]
    assert focus.left_out[0] == focus.lines[1] + 1 <= focus.left_out[1] == every.lines[1]
    note = LEFT_OUT.format(first=focus.left_out[0], last=focus.left_out[1])
    kept = every.code.split("\n")[: focus.lines[1] - focus.lines[0] + 1]
    assert focus.code == "\n".join(kept) + "\n" + note


def kept_bytes(text: Text, focus: Focus) -> int:
    return text.line_span(focus.lines[1] - 1).end - text.line_span(focus.lines[0] - 1).start


@settings(derandomize=True, deadline=None, max_examples=200)
@given(sources(), st.integers(-1, 300), st.sampled_from(["f", ""]))
def test_python_is_cut_at_a_border_and_fits(code: str, max_bytes: int, name: str) -> None:
    snapshot = opened(code)
    scope = scope_of(snapshot, name)
    focus = shortened(scope, snapshot.text, max_bytes=max_bytes)
    check_covered(snapshot, scope, focus)
    header = snapshot.text.line_of(max(scope.header.end - 1, 0)) + 1
    assert focus.lines[1] >= header
    assert kept_bytes(snapshot.text, focus) <= max_bytes or focus.lines[1] == header
    for statement in ast.walk(ast.parse(code)):
        if isinstance(statement, ast.stmt) and not hasattr(statement, "body") and name:
            assert statement.end_lineno is not None
            assert not statement.lineno <= focus.lines[1] < statement.end_lineno


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    st.text(st.sampled_from("aé \n\r\t(){};:\"'=#\u2028"), max_size=60),
    st.integers(-1, 60),
    st.sampled_from(["a.py", "a.js", "a.ts", "a.txt", "a.md"]),
    st.integers(0, 60),
)
def test_whatever_the_text_is(code: str, max_bytes: int, path: str, at: int) -> None:
    snapshot = opened(code, path)
    at = min(at, len(snapshot.text.data))
    while snapshot.text.data[at : at + 1] and snapshot.text.data[at] & 0xC0 == 0x80:
        at -= 1
    for scope in (snapshot.whole, snapshot.scope_at(Span(at, at))):
        focus = shortened(scope, snapshot.text, max_bytes=max_bytes)
        check_covered(snapshot, scope, focus)
        if focus.left_out and scope.node is None:
            one_line = focus.lines[0] == focus.lines[1]
            assert kept_bytes(snapshot.text, focus) <= max_bytes or one_line
    assert skeleton(snapshot, docstrings=True).lines == (1, snapshot.text.line_count)


# Skeletons


def test_a_skeleton_has_all_but_the_bodies_of_functions() -> None:
    assert (
        outline(SHOP)
        == '''\
"""A shop."""

import tax


class Shop:
    """Sells things.

    Most of them twice.
    """

    limit = 5

    @tax.added
    @cache
    def total(self, orders):
        """Add up."""
        ...

    def empty(self):
        ...


def main():
    ...


if __name__ == "__main__":
    main()
'''
    )


def test_a_skeleton_without_docstrings() -> None:
    code = outline(SHOP, docstrings=False)
    assert "Add up" not in code
    assert "Sells things" in code  # part of the class, which has no body to leave out


def test_the_first_paragraph_of_a_docstring_is_one_line() -> None:
    code = 'def f():\n    """Add\n    up.\n\n    More.\n    """\n    return 1\n'
    assert outline(code) == 'def f():\n    """Add up."""\n    ...\n'


def test_a_skeleton_can_be_parsed() -> None:
    ast.parse(outline(SHOP))
    ast.parse(outline(SHOP, docstrings=False))


def test_functions_inside_functions_go_with_them() -> None:
    assert outline("def f():\n    def g():\n        pass\n    return g\n") == "def f():\n    ...\n"


def test_functions_in_blocks_and_nested_classes() -> None:
    code = "if x:\n    def f():\n        return 1\nclass A:\n    class B:\n        def g(self):\n"
    code += "            return 2\n        y = 1\n"
    expected = "if x:\n    def f():\n        ...\nclass A:\n    class B:\n        def g(self):\n"
    expected += "            ...\n        y = 1\n"
    assert outline(code) == expected


def test_an_async_function_with_a_header_of_several_lines() -> None:
    code = "async def f(\n    a: int,\n) -> dict[str, int]:  # why\n    return {}\nx = 1\n"
    assert outline(code) == "async def f(\n    a: int,\n) -> dict[str, int]:\n    ...\nx = 1\n"


def test_tabs_are_kept() -> None:
    code = "class A:\n\tdef f(self):\n\t\treturn 1\n"
    assert textwrap.dedent(outline(code)).startswith("class A:\n\tdef f(self):\n\t")


def test_a_skeleton_with_other_line_ends() -> None:
    assert outline(SHOP.replace("\n", "\r\n")) == outline(SHOP)


def test_a_skeleton_of_javascript() -> None:
    code = "import x from 'x'\nexport class A {\n  f(a) {\n    return a\n  }\n}\n"
    code += "function g() {\n  h()\n}\ng()\n"
    expected = "import x from 'x'\nexport class A {\n  f(a) { … }\n}\nfunction g() { … }\ng()\n"
    assert outline(code, "a.js") == expected


def test_an_arrow_function_with_and_without_braces() -> None:
    code = "const f = (a) => {\n  return a\n}\nconst g = (a) => a + 1\n"
    assert outline(code, "a.js") == "const f = (a) => …\nconst g = (a) => …\n"


def test_a_declaration_without_a_body_stays() -> None:
    code = "declare function f(a: string): void;\ndeclare function g(): number\n"
    assert outline(code, "a.ts") == code


def test_the_skeleton_of_a_text_is_all_of_it() -> None:
    assert outline("a\r\nb", "a.txt") == "a\nb"


def test_the_skeleton_of_nothing() -> None:
    assert outline("") == ""
