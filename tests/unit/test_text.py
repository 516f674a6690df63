"""Lines, positions in three encodings, spans and edits."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qwlsp.text import Encoding, Position, Range, Span, Text

UTF8, UTF16, UTF32 = Encoding.UTF8, Encoding.UTF16, Encoding.UTF32

# Everything some tool takes for a line's end, and characters of one to four bytes.
TEXTS = st.text(st.sampled_from("ab\r\n\f\v\x1c\x85\u2028\0\té€😀\u0301"), max_size=30)
ENCODINGS = st.sampled_from(Encoding)
endless = settings(derandomize=True, deadline=None)


def lines(s: str) -> list[str]:
    """The lines of `s` without what ends them, by the protocol's definition."""
    return re.split("\r\n|\r|\n", s)


def units(s: str, encoding: Encoding) -> int:
    """The code units of `s`, from each character's code point."""
    if encoding is UTF32:
        return len(s)
    if encoding is UTF16:
        return sum(2 if ord(c) > 0xFFFF else 1 for c in s)
    return sum(1 + (ord(c) > 0x7F) + (ord(c) > 0x7FF) + (ord(c) > 0xFFFF) for c in s)


@pytest.mark.parametrize(
    ("s", "expected"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a", ""]),
        ("a\nb", ["a", "b"]),
        ("a\r\nb", ["a", "b"]),
        ("a\rb", ["a", "b"]),
        ("a\n\rb", ["a", "", "b"]),
        ("a\r\r\nb", ["a", "", "b"]),
        ("\r\n", ["", ""]),
        ("\r", ["", ""]),
        ("a\fb\vc\x1cd\x85e\u2028f\u2029g", ["a\fb\vc\x1cd\x85e\u2028f\u2029g"]),
    ],
)
def test_only_newline_carriage_return_and_both_end_lines(s: str, expected: list[str]) -> None:
    text = Text.of(s)
    assert [text.slice(text.line_span(i)) for i in range(text.line_count)] == expected


@pytest.mark.parametrize("line", [-1, 2])
def test_there_is_no_span_for_a_line_outside_the_text(line: int) -> None:
    with pytest.raises(IndexError, match=f"no line {line} in a text of 2 lines"):
        Text.of("a\nb").line_span(line)


@pytest.mark.parametrize(
    ("offset", "line"), [(-1, 0), (0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (9, 2)]
)
def test_what_ends_a_line_belongs_to_it(offset: int, line: int) -> None:
    assert Text.of("a\r\nb\n").line_of(offset) == line


@pytest.mark.parametrize(
    ("encoding", "widths"), [(UTF8, [1, 2, 3, 4]), (UTF16, [1, 1, 1, 2]), (UTF32, [1, 1, 1, 1])]
)
def test_characters_count_in_units_of_the_encoding(encoding: Encoding, widths: list[int]) -> None:
    for character, width in zip("aé€😀", widths, strict=True):
        text = Text.of(character + "b")
        assert text.position(len(character.encode()), encoding) == Position(0, width)
        assert text.offset(Position(0, width), encoding) == len(character.encode())


@pytest.mark.parametrize(
    ("position", "offset"),
    [
        (Position(0, 99), 3),
        (Position(1, 99), 7),
        (Position(2, 0), 8),
        (Position(99, 0), 8),
        (Position(99, 99), 8),
        (Position(-1, 2), 2),
        (Position(1, -1), 5),
        (Position(-1, -1), 0),
    ],
)
@pytest.mark.parametrize("encoding", Encoding)
def test_a_position_outside_the_text_moves_to_its_edge(
    position: Position, offset: int, encoding: Encoding
) -> None:
    assert Text.of("abc\r\nde\n").offset(position, encoding) == offset


@pytest.mark.parametrize(
    ("position", "encoding"),
    [
        (Position(0, 2), UTF8),
        (Position(0, 3), UTF8),
        (Position(0, 4), UTF8),
        (Position(0, 2), UTF16),
    ],
)
def test_a_position_inside_a_character_is_its_start(position: Position, encoding: Encoding) -> None:
    assert Text.of("a😀b").offset(position, encoding) == 1


@pytest.mark.parametrize("encoding", Encoding)
def test_an_offset_inside_a_character_is_its_start(encoding: Encoding) -> None:
    text = Text.of("a😀b")
    assert {text.position(offset, encoding) for offset in (1, 2, 3, 4)} == {Position(0, 1)}


@pytest.mark.parametrize(
    ("offset", "position"),
    [(-5, Position(0, 0)), (3, Position(0, 2)), (4, Position(1, 0)), (99, Position(1, 1))],
)
def test_an_offset_between_places_is_the_one_before(offset: int, position: Position) -> None:
    assert Text.of("ab\r\nc").position(offset, UTF16) == position


def test_a_range_whose_end_comes_first_is_swapped() -> None:
    backwards = Range(Position(1, 1), Position(0, 1))
    assert Text.of("ab\ncd").span(backwards, UTF16) == Span(1, 4)


def test_a_span_and_its_range() -> None:
    text = Text.of("é\n😀b")
    span, range_ = Span(2, 7), Range(Position(0, 1), Position(1, 2))
    assert text.range(span, UTF16) == range_
    assert text.span(range_, UTF16) == span
    assert text.slice(span) == "\n😀"


@pytest.mark.parametrize("surrogate", ["\ud800", "\udfff"])
def test_a_lone_surrogate_becomes_a_character_as_wide(surrogate: str) -> None:
    text = Text.of(f"a{surrogate}b")
    assert str(text) == "a\ufffdb"
    assert [text.position(4, e).character for e in (UTF8, UTF16, UTF32)] == [4, 2, 2]
    assert str(Text.of("ab").replace(Span(1, 1), surrogate)) == "a\ufffdb"


def test_texts_with_the_same_characters_are_equal() -> None:
    assert Text.of("a\nb") == Text.of("ab").replace(Span(1, 1), "\n")
    assert Text.of("a") != Text.of("b")


def test_an_edit_leaves_the_old_text_alone() -> None:
    old = Text.of("a\nb")
    new = old.replace(Span(0, 3), "c\nd\ne")
    assert (str(old), old.line_count) == ("a\nb", 2)
    assert (str(new), new.line_count) == ("c\nd\ne", 3)


@endless
@given(TEXTS)
def test_line_spans_match_the_definition(s: str) -> None:
    text = Text.of(s)
    assert str(text) == s
    assert [text.slice(text.line_span(i)) for i in range(text.line_count)] == lines(s)


@endless
@given(TEXTS, ENCODINGS)
def test_every_place_has_a_position_and_the_position_leads_back(s: str, encoding: Encoding) -> None:
    text = Text.of(s)
    for i in range(len(s) + 1):
        if s[max(i - 1, 0) : i + 1] == "\r\n":
            continue  # Inside a line's end is no place in the protocol.
        offset = len(s[:i].encode())
        before = lines(s[:i])
        expected = Position(len(before) - 1, units(before[-1], encoding))
        assert text.position(offset, encoding) == expected
        assert text.offset(expected, encoding) == offset


@endless
@given(TEXTS, ENCODINGS, st.integers(-2, 40), st.integers(-2, 90))
def test_any_position_leads_to_the_last_place_not_after_it(
    s: str, encoding: Encoding, line: int, character: int
) -> None:
    all_lines = lines(s)
    if line >= len(all_lines):
        expected = Position(len(all_lines) - 1, units(all_lines[-1], encoding))
    else:
        line = max(line, 0)
        column = max(
            width
            for i in range(len(all_lines[line]) + 1)
            if (width := units(all_lines[line][:i], encoding)) <= max(character, 0)
        )
        expected = Position(line, column)
    text = Text.of(s)
    offset = text.offset(Position(line, character), encoding)
    assert text.position(offset, encoding) == expected


@settings(endless, max_examples=500)
@given(TEXTS, st.integers(0, 30), st.integers(0, 30), TEXTS)
@example("a\r", 2, 2, "\n")  # joins two halves of one line end
@example("\r\n", 1, 1, "a")  # separates them
@example("\ra\n", 1, 2, "")
@example("\r\n\n", 1, 2, "")
@example("a\r\rb", 2, 3, "\n")
def test_an_edit_gives_what_a_fresh_text_would_be(s: str, i: int, j: int, new: str) -> None:
    i, j = sorted((min(i, len(s)), min(j, len(s))))
    span = Span(len(s[:i].encode()), len(s[:j].encode()))
    edited, fresh = Text.of(s).replace(span, new), Text.of(s[:i] + new + s[j:])
    assert (edited.data, edited.starts) == (fresh.data, fresh.starts)
