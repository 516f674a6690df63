"""Open documents: their texts after edits, and their trees, which equal those of a fresh parse."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tree_sitter import Tree

from qwlsp.documents import REUSE_FROM, Change, Documents, UnknownDocument, UnsupportedLanguage
from qwlsp.errors import QwlspError
from qwlsp.syntax.languages import language
from qwlsp.syntax.tree import edited, parse, reparse
from qwlsp.text import Encoding, Position, Range, Span

URI = "file:///home/me/my%20code/main.py"
UTF8, UTF16, UTF32 = Encoding.UTF8, Encoding.UTF16, Encoding.UTF32


def nodes(tree: Tree) -> list[tuple[Any, ...]]:
    """All that can be told of each node, in source order."""
    found = []
    cursor = tree.walk()
    while True:
        n = cursor.node
        assert n is not None
        flags = n.has_error, n.is_missing, n.is_extra, n.is_named
        place = n.start_byte, n.end_byte, n.start_point, n.end_point
        found.append((cursor.depth, cursor.field_name, n.type, *place, *flags))
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return found


def range_of(line: int, start: int, end_line: int, end: int) -> Range:
    return Range(Position(line, start), Position(end_line, end))


def opened(text: str, language: str = "python") -> Documents:
    documents = Documents()
    documents.open(URI, 1, language, text)
    return documents


# What documents hold.


def test_a_document_is_what_was_opened() -> None:
    snapshot = opened("x = 1\n").get(URI)
    assert (snapshot.uri, snapshot.version, snapshot.language) == (URI, 1, "python")
    assert str(snapshot.text) == "x = 1\n"
    assert nodes(snapshot.tree) == nodes(parse(b"x = 1\n"))


def test_changes_apply_one_after_another() -> None:
    documents = opened("a\nb\n")
    changes = [
        Change(range_of(0, 0, 1, 0), ""),
        Change(range_of(0, 1, 0, 1), "cd"),
        Change(range_of(0, 2, 0, 3), "\n"),
    ]
    snapshot = documents.change(URI, 2, changes, UTF16)
    assert str(snapshot.text) == "bc\n\n"
    assert snapshot.version == 2
    assert snapshot is documents.get(URI)


def test_a_change_without_a_range_replaces_everything() -> None:
    documents = opened("a\nb\n")
    assert not documents.get(URI).tree.root_node.has_error
    changes = [Change(None, "def f(): pass\n"), Change(range_of(0, 4, 0, 5), "g")]
    snapshot = documents.change(URI, 2, changes, UTF16)
    assert str(snapshot.text) == "def g(): pass\n"
    assert nodes(snapshot.tree) == nodes(parse(b"def g(): pass\n"))


@pytest.mark.parametrize(("encoding", "character"), [(UTF8, 5), (UTF16, 3), (UTF32, 2)])
def test_positions_count_in_the_given_encoding(encoding: Encoding, character: int) -> None:
    change = Change(range_of(0, character, 0, character), "b")
    snapshot = opened("a😀c").change(URI, 2, [change], encoding)
    assert str(snapshot.text) == "a😀bc"


def test_opening_again_starts_anew() -> None:
    documents = opened("a")
    documents.open(URI, 7, "python", "b")
    assert [(s.version, str(s.text)) for s in documents] == [(7, "b")]


def test_iterating_gives_the_latest_of_each_even_while_one_is_closed() -> None:
    documents = opened("a")
    documents.open("untitled:two", None, "python", "b")
    documents.change(URI, 2, [Change(None, "c")], UTF16)
    seen = []
    for snapshot in documents:
        seen.append((snapshot.uri, str(snapshot.text)))
        documents.close("untitled:two")
    assert seen == [(URI, "c"), ("untitled:two", "b")]
    assert [snapshot.uri for snapshot in documents] == [URI]


def test_a_document_that_is_not_open_is_named() -> None:
    documents = opened("a")
    documents.close(URI)
    documents.close(URI)
    with pytest.raises(UnknownDocument, match=r"^main\.py is not open\.$"):
        documents.get(URI)
    with pytest.raises(UnknownDocument):
        documents.change(URI, 2, [], UTF16)


def test_a_language_without_a_grammar_has_text_but_no_tree() -> None:
    documents = opened("let x;", language="cpp")
    snapshot = documents.change(URI, 2, [Change(range_of(0, 0, 0, 3), "var")], UTF16)
    assert str(snapshot.text) == "var x;"
    with pytest.raises(UnsupportedLanguage) as caught:
        _ = snapshot.tree
    assert str(caught.value) == "qwlsp has no grammar for C++, which main.py is."
    assert isinstance(caught.value, QwlspError)


# Trees.


def test_the_tree_is_parsed_once_and_not_by_a_change() -> None:
    documents = opened("x = 1\n")
    changed = documents.change(URI, 2, [Change(range_of(0, 0, 0, 1), "y")], UTF16)
    assert "tree" not in vars(documents.get(URI))
    assert changed.tree is changed.tree


def test_a_snapshot_stays_as_it_is_after_later_edits() -> None:
    documents = opened("def f(a):\n    return a\n")
    before = documents.get(URI)
    expected = nodes(before.tree)
    for version, new in enumerate(["b", "(", "\n\n", ""], 2):
        documents.change(URI, version, [Change(range_of(0, 4, 1, 2), new)], UTF16)
    assert str(before.text) == "def f(a):\n    return a\n"
    assert nodes(before.tree) == expected


def test_a_tree_is_reused_across_a_text_with_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwlsp.documents.REUSE_FROM", 0)
    documents = opened("def f():\n    return 1\n\n\nx = 1\n")
    good = documents.get(URI).tree
    broken = documents.change(URI, 2, [Change(range_of(4, 4, 4, 5), "(")], UTF16)
    assert broken.tree.root_node.has_error
    mended = documents.change(URI, 3, [Change(range_of(4, 4, 4, 5), "2")], UTF16)
    # The children of a node that was reused keep their identity.
    first, reused = good.root_node.child(0), mended.tree.root_node.child(0)
    assert reused.child(0).id == first.child(0).id
    assert parse(mended.text.data).root_node.child(0).child(0).id != first.child(0).id
    assert nodes(mended.tree) == nodes(parse(mended.text.data))


def test_a_tree_with_errors_is_parsed_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwlsp.documents.REUSE_FROM", 0)
    documents = opened("x = a, f(b), 's'\n")
    assert not documents.get(URI).tree.root_node.has_error
    # Tree-sitter recovers from this in another way if it reuses what follows.
    snapshot = documents.change(URI, 2, [Change(range_of(0, 5, 0, 5), "->")], UTF16)
    assert nodes(snapshot.tree) == nodes(parse(b"x = a->, f(b), 's'\n"))


@pytest.mark.parametrize("identifier", ["javascript", "typescript", "typescriptreact"])
def test_a_tree_of_another_language_is_reused(identifier: str) -> None:
    before = "function f() { return 1 }\nlet x = 1\n"
    stale = parse(before.encode(), language(identifier))
    for new in ("2", "`${y}`", "() => {", ""):
        place = before.index("1\n")
        after = before[:place] + new + "\n"
        moved = edited(stale, before.encode(), Span(place, place + 1), after.encode())
        expected = nodes(parse(after.encode(), language(identifier)))
        assert nodes(reparse(moved, after.encode())) == expected


@pytest.mark.parametrize("new", ["", "é", "é\n\n x", "\n"])
def test_nodes_behind_an_edit_move_with_it(new: str) -> None:
    before, after = b"a\nbcd + e\n", f"a\nb{new}d + e\n".encode()
    moved = edited(parse(before), before, Span(3, 4), after)
    behind = slice(-2, None)
    assert [node[2] for node in nodes(moved)[behind]] == ["+", "identifier"]
    assert nodes(moved)[behind] == nodes(parse(after))[behind]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 3000 + "]" * 3000,
        "(" * 3000,
        "".join(" " * i + "if x:\n" for i in range(1000)) + " " * 1000 + "pass\n",
        "x = '" + "é" * 300_000 + "'",
        "\0" * 3000,
        "\ud800 = '\udfff'",
    ],
    ids=["brackets", "unclosed", "blocks", "one line", "NUL", "surrogates"],
)
def test_strange_texts_can_be_edited_and_parsed(text: str) -> None:
    documents = opened(text)
    assert documents.get(URI).tree.root_node.end_byte > 0
    snapshot = documents.change(URI, 2, [Change(range_of(0, 1, 0, 1), "1 + ")], UTF16)
    assert nodes(snapshot.tree) == nodes(parse(snapshot.text.data))


# Any edits whatever, against a slow and simple reference.

PROGRAM = '''\
import os


@decorated
async def first(a, b=1, *, c: int) -> str:
    """Wait, then return."""
    for x in a:
        await x(b)  # in turn
        if c:
            yield f"{x!r:>{b}}"
    return None


class Second(Base):

    field: int = 0

    def method(self):
        with open(self.field) as f, g:
            print(f)
        try:
            del f
        except (A, B) as e:
            raise
        return [x for x in f if x]
'''
FRAGMENTS = [
    *("\n", "\r", "\r\n", "\f", "\v", "\x85", "\u2028", "\t", " ", "    ", "\0", "\ufeff"),
    *("😀", "é", "e\u0301", "x", "1", "\\", "\\\n", "#", "# note\n", "", "", "", ""),
    *("(", ")", "[", "]", "{", "}", "'", '"', '"""', "f'{", "b'\\x'", ":", ",", ";", "=", "@", "*"),
    *("x = 1\n", "def f(a, *b):\n    ", "    return x\n", "class A:\n    ", "if x:\n\t", "pass\n"),
    *("async ", "await ", "lambda: ", "print ", "match x:\n    case 1:\n", "try:\n", PROGRAM),
]
# No two of these lines can be read in two ways, as those in qwlsp.syntax.tree can.
LINES = [
    *("x = 1", "pass", "# note", "", "return x, y", "print(x)", "a, b = b, a", "'''doc'''"),
    *("if x: y()", "await x", "x = [\n1]", "def f(): return 1", "@d\nclass A: pass"),
]

# How far a range reaches, in lines and characters; some end before they start.
EXTENTS = [(0, 0), (0, 0), (0, 0), (0, 0), (0, 1), (0, 3), (1, 0), (1, -9), (2, 0), (-1, 2)]

lines, characters = st.integers(0, 50), st.integers(0, 50)
encodings = st.sampled_from(Encoding)
parsed = st.sampled_from([True, True, True, False])
anywhere = st.tuples(
    lines, characters, st.sampled_from(EXTENTS), st.sampled_from(FRAGMENTS), parsed
)
of_lines = st.tuples(lines, st.integers(0, 2), st.sampled_from(LINES), st.booleans())


def split(s: str) -> list[str]:
    """The lines of `s` and, between them, what ends each."""
    return re.split("(\r\n|\r|\n)", s)


def width(character: str, encoding: Encoding) -> int:
    """The code units of one character."""
    if encoding is UTF8:
        return len(character.encode())
    return 2 if encoding is UTF16 and character > "\uffff" else 1


def index(s: str, position: Position, encoding: Encoding) -> int:
    """The index into `s` of the last place that is not after `position`."""
    parts = split(s)
    if 2 * position.line >= len(parts):
        return len(s)
    i, left = len("".join(parts[: 2 * position.line])), position.character
    for character in parts[2 * position.line]:
        left -= width(character, encoding)
        if left < 0:
            break
        i += 1
    return i


class Reference:
    """A document kept as a str, beside the one under test."""

    def __init__(self, text: str, encoding: Encoding) -> None:
        self.text, self.encoding = text, encoding
        self.documents = opened(text)

    def edit(self, range_: Range, new: str) -> None:
        i, j = sorted(index(self.text, p, self.encoding) for p in (range_.start, range_.end))
        self.text = self.text[:i] + new + self.text[j:]
        self.documents.change(URI, None, [Change(range_, new)], self.encoding)
        assert str(self.documents.get(URI).text) == self.text

    def check_tree(self) -> None:
        assert nodes(self.documents.get(URI).tree) == nodes(parse(self.text.encode()))


def edit_anywhere(edits: list[Any], encoding: Encoding) -> None:
    """Any edits, each followed by a parse or not."""
    reference = Reference(PROGRAM, encoding)
    for line, character, (down, right), new, parsed in edits:
        end = Position(max(line + down, 0), max(character + right, 0))
        reference.edit(Range(Position(line, character), end), new)
        if parsed:
            reference.check_tree()
    reference.check_tree()


def edit_lines(edits: list[Any], encoding: Encoding) -> None:
    """Edits of whole lines, undone or not: most of the texts have no errors."""
    reference = Reference(PROGRAM, encoding)
    for line, removed, statement, undone in edits:
        old = reference.text.splitlines(keepends=True)
        at = line % len(old)
        indentation = old[at][: len(old[at]) - len(old[at].lstrip(" "))]
        new = [f"{indentation}{part}\n" for part in statement.split("\n")]
        reference.edit(range_of(at, 0, at + removed, 0), "".join(new))
        reference.check_tree()
        if undone:
            reference.edit(range_of(at, 0, at + len(new), 0), "".join(old[at : at + removed]))
            reference.check_tree()


endless = settings(
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


both_ways = pytest.mark.parametrize(
    "reuse_from", [0, REUSE_FROM], ids=["reusing trees", "as texts of this size are parsed"]
)


def many(edit: st.SearchStrategy[Any], count: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(edit, min_size=count, max_size=count)


@both_ways
@settings(endless, max_examples=30)
@given(many(anywhere, 30), encodings)
def test_any_edits(reuse_from: int, edits: list[Any], encoding: Encoding) -> None:
    with patch("qwlsp.documents.REUSE_FROM", reuse_from):
        edit_anywhere(edits, encoding)


@both_ways
@settings(endless, max_examples=30)
@given(many(of_lines, 30), encodings)
def test_any_edits_of_lines(reuse_from: int, edits: list[Any], encoding: Encoding) -> None:
    with patch("qwlsp.documents.REUSE_FROM", reuse_from):
        edit_lines(edits, encoding)


@pytest.mark.slow
@both_ways
@settings(endless, max_examples=200)
@given(many(anywhere, 50), encodings)
def test_ten_thousand_edits(reuse_from: int, edits: list[Any], encoding: Encoding) -> None:
    with patch("qwlsp.documents.REUSE_FROM", reuse_from):
        edit_anywhere(edits, encoding)


@pytest.mark.slow
@both_ways
@settings(endless, max_examples=200)
@given(many(of_lines, 50), encodings)
def test_ten_thousand_edits_of_lines(reuse_from: int, edits: list[Any], encoding: Encoding) -> None:
    with patch("qwlsp.documents.REUSE_FROM", reuse_from):
        edit_lines(edits, encoding)
