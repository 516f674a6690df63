"""Words of names and questions, and sections of Markdown."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qwlsp.text import Text
from qwlsp.workspace.words import (
    MAX_TERMS,
    Section,
    is_test,
    match_expression,
    name_words,
    sections,
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("total", "total"),
        ("read_file", "read file"),
        ("__init__", "init"),
        ("HTTPServer", "HTTPServer HTTP Server"),
        ("splitCamelCase", "splitCamelCase split Camel Case"),
        ("utf8_decode", "utf8 decode utf 8"),
        ("MAX_BYTES", "MAX BYTES"),
        ("Shop.Order", "Shop Order"),
        ("größeVonÖl", "größeVonÖl größe VonÖl"),
        ("$el", "el"),
        ("_", ""),
        ("", ""),
    ],
)
def test_words_of_a_name(name: str, words: str) -> None:
    assert name_words(name) == words


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("Where is the order total?", '"order" OR "total"'),
        ("read_file", '"read_file" OR "read" OR "file"'),
        ("OrderedDict", '"ordereddict" OR "ordered" OR "dict"'),
        ('a "quoted" AND (NEAR) * ^b:c -', '"quoted" OR "near" OR "b" OR "c"'),
        ("order Order ORDER", '"order"'),
        ("what is it", ""),
        ("?!", ""),
        ("", ""),
    ],
)
def test_a_query_is_any_of_the_words(text: str, expression: str) -> None:
    assert match_expression(text) == expression


def test_a_query_has_not_too_many_words() -> None:
    text = " ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(500))
    assert match_expression(text).count(" OR ") == MAX_TERMS - 1


@pytest.fixture(scope="module")
def table() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5 (x, tokenize='porter unicode61')")
    connection.execute("INSERT INTO t VALUES ('read file Straße HTTPServer')")
    yield connection
    connection.close()


@given(st.text())
@example('"')
@example("NOT a* (b")
@example("²½_٣ ǅ ﬃ")
@example("\0 \ud800 x\0y")
@settings(derandomize=True, deadline=None)
def test_no_text_is_a_syntax_error(table: sqlite3.Connection, text: str) -> None:
    if expression := match_expression(text):
        table.execute("SELECT rowid FROM t WHERE t MATCH ?", (expression,)).fetchall()


@pytest.mark.parametrize("text", ["files", "READING", "straße", "http", "read_file", "the servers"])
def test_what_is_found(table: sqlite3.Connection, text: str) -> None:
    query = "SELECT rowid FROM t WHERE t MATCH ?"
    table.execute("UPDATE t SET x = ?", (f"{name_words('HTTPServer')} read file Straße",))
    assert table.execute(query, (match_expression(text),)).fetchall() == [(1,)]


@pytest.mark.parametrize(
    "path",
    [
        "tests/a.py",
        "a/test/b.js",
        "test_a.py",
        "a/test_b.py",
        "b_test.py",
        "a.test.ts",
        "b.spec.js",
    ],
)
def test_tests(path: str) -> None:
    assert is_test(path)


@pytest.mark.parametrize("path", ["a.py", "attest/b.py", "contest.py", "a/testing.py", "latest.js"])
def test_no_tests(path: str) -> None:
    assert not is_test(path)


def found(*lines: str) -> list[tuple[str, tuple[int, int], str]]:
    return [(part.title, part.lines, part.body) for part in sections(Text.of("\n".join(lines)))]


def test_a_section_goes_on_to_the_next_heading() -> None:
    assert found("# One", "a", "", "b", "## Two ##", "c", "### Three") == [
        ("One", (1, 4), "a\n\nb"),
        ("Two", (5, 6), "c"),
        ("Three", (7, 7), ""),
    ]


def test_what_stands_before_the_first_heading() -> None:
    assert found("a", "# One", "b") == [("", (1, 1), "a"), ("One", (2, 3), "b")]
    assert found("", "# One", "b") == [("One", (2, 3), "b")]


def test_a_text_without_headings_is_one_section() -> None:
    assert found("a", "b") == [("", (1, 2), "a\nb")]
    assert sections(Text.of("\n \n")) == []
    assert sections(Text.of("")) == []


@pytest.mark.parametrize("line", ["#tag", "####### seven", "    # code", "\\# no", "a # b"])
def test_what_looks_like_a_heading(line: str) -> None:
    assert found("# One", line) == [("One", (1, 2), line.strip())]


def test_no_headings_inside_fences() -> None:
    text = ["# One", "```sh", "# comment", "~~~", "```", "~~~~", "# too", "~~~", "~~~~", "# Two"]
    assert [title for title, _, _ in found(*text)] == ["One", "Two"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_end_as_in_editors(newline: str) -> None:
    text = newline.join(["# One", "a\x0cb\u2028c", "# C#"])
    assert sections(Text.of(text)) == [
        Section("One", (1, 2), "a\x0cb\u2028c"),
        Section("C#", (3, 3), ""),
    ]


@given(st.lists(st.sampled_from(["# a", "b", "", "```", "## c #", "~~~", "  # d"])))
@settings(derandomize=True, deadline=None)
def test_sections_follow_each_other_to_the_end(lines: list[str]) -> None:
    parts = sections(Text.of("\n".join([*lines, "end"])))
    for part, following in pairwise(parts):
        assert part.lines[1] + 1 == following.lines[0]
    assert parts[-1].lines[1] == len(lines) + 1


def test_a_newline_at_the_end_begins_no_line() -> None:
    assert found("# One", "a", "") == [("One", (1, 2), "a")]
