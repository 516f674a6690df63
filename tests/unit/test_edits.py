"""Edits put into a text, and those found between two texts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.edits import Edit, apply, between, lines, unified_diff
from qwlsp.text import Span, Text

OURS = settings(derandomize=True, deadline=None)

LINES = st.sampled_from(
    ["a", "b", "", "    a", "é", "💤 b", "a\fb", "\u2028", "-- a", "@@ -1 +1 @@"]
)
TEXTS = st.builds(
    lambda found, last: "".join(f"{line}{end}" for line, end in found) + last,
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"])), max_size=12),
    st.sampled_from(["", "a", "é"]),
)
PLAIN_TEXTS = st.builds(
    lambda found, last: "".join(f"{line}\n" for line in found) + last,
    st.lists(LINES, max_size=12),
    st.sampled_from(["", "a", "é"]),
)


def _applied(text: str, *edits: tuple[int, int, str]) -> str:
    return str(apply(Text.of(text), [Edit(Span(start, end), new) for start, end, new in edits]))


# apply


@pytest.mark.parametrize(
    ("edits", "result"),
    [
        ([], "abcdef"),
        ([(0, 1, "A")], "Abcdef"),
        ([(5, 6, "")], "abcde"),
        ([(0, 6, "")], ""),
        ([(0, 0, "x")], "xabcdef"),
        ([(6, 6, "x")], "abcdefx"),
        ([(0, 1, "A"), (2, 3, "CC"), (5, 6, "")], "AbCCde"),
        ([(0, 2, "x"), (2, 4, "y")], "xyef"),  # they touch
    ],
)
def test_edits_are_put_in_their_places(edits: list[tuple[int, int, str]], result: str) -> None:
    assert _applied("abcdef", *edits) == result
    assert _applied("abcdef", *reversed(edits)) == result


def test_insertions_at_one_place_keep_their_order() -> None:
    assert _applied("ab", (1, 1, "2"), (1, 1, "1"), (1, 1, "3")) == "a213b"


def test_an_insertion_goes_before_what_is_replaced_there() -> None:
    assert _applied("ab", (1, 2, "B"), (1, 1, "x")) == "axB"
    assert _applied("ab", (1, 1, "x"), (1, 2, "B")) == "axB"


def test_an_insertion_goes_after_what_was_replaced_before_it() -> None:
    assert _applied("ab", (1, 1, "x"), (0, 1, "A")) == "Axb"


@pytest.mark.parametrize(
    "edits",
    [
        [(0, 2, "x"), (1, 3, "y")],
        [(0, 3, "x"), (1, 2, "y")],
        [(0, 3, "x"), (1, 1, "y")],
        [(0, 2, "x"), (0, 3, "y")],
        [(1, 2, "x"), (1, 2, "x")],
    ],
)
def test_edits_that_overlap_are_an_error(edits: list[tuple[int, int, str]]) -> None:
    for order in (edits, edits[::-1]):
        with pytest.raises(ValueError, match="Two edits overlap at byte"):
            _applied("abcdef", *order)


def test_spans_count_bytes() -> None:
    assert _applied("é💤z", (2, 6, "💡")) == "é💡z"
    assert _applied("é💤z", (6, 7, "ß"), (0, 0, "ö")) == "öé💤ß"


def test_line_ends_stay_as_they_are() -> None:
    assert _applied("a\r\nb\rc\n", (3, 4, "B")) == "a\r\nB\rc\n"
    assert _applied("a\r\nb", (1, 1, "\r\nx")) == "a\r\nx\r\nb"


def test_the_lines_of_the_result_are_known() -> None:
    after = apply(Text.of("a\r\nb"), [Edit(Span(1, 1), "\nx")])
    assert after == Text.of("a\nx\r\nb")
    assert after.starts == Text.of("a\nx\r\nb").starts


def test_what_is_no_character_is_replaced() -> None:
    assert _applied("ab", (1, 1, "\ud800")) == "a\N{REPLACEMENT CHARACTER}b"


@OURS
@given(TEXTS, st.data())
def test_edits_are_what_replacing_from_the_end_gives(text: str, data: st.DataObject) -> None:
    ends = sorted(
        data.draw(st.lists(st.integers(0, len(text)), unique=True, max_size=8), label="ends")
    )
    edits, expected = [], text
    for start, end in zip(ends[::2], ends[1::2], strict=False):
        a, b = (len(text[:place].encode()) for place in (start, end))
        edits.append(Edit(Span(a, b), data.draw(st.sampled_from(["", "x", "é\r\n"]))))
    for edit, (start, end) in reversed(
        list(zip(edits, zip(ends[::2], ends[1::2], strict=False), strict=True))
    ):
        expected = expected[:start] + edit.new + expected[end:]
    assert str(apply(Text.of(text), data.draw(st.permutations(edits)))) == expected


# between


def _between(before: str, after: str) -> list[Edit]:
    return between(Text.of(before), Text.of(after))


@OURS
@given(TEXTS, TEXTS)
def test_what_is_between_two_texts_makes_one_from_the_other(before: str, after: str) -> None:
    assert str(apply(Text.of(before), _between(before, after))) == after


@OURS
@given(TEXTS)
def test_nothing_is_between_a_text_and_itself(text: str) -> None:
    assert _between(text, text) == []


@OURS
@given(TEXTS, TEXTS)
def test_whole_lines_are_replaced(before: str, after: str) -> None:
    text = Text.of(before)
    starts = {*text.starts, len(text.data)}
    for edit in _between(before, after):
        assert {edit.span.start, edit.span.end} <= starts


def test_equal_lines_are_left_alone() -> None:
    assert _between("a\nb\nc\nd\n", "a\nB\nc\nD\n") == [
        Edit(Span(2, 4), "B\n"),
        Edit(Span(6, 8), "D\n"),
    ]


def test_a_line_that_comes_twice_is_kept_once_at_each_end() -> None:
    assert str(apply(Text.of("a\n"), _between("a\n", "a\na\n"))) == "a\na\n"
    assert str(apply(Text.of("a\na\n"), _between("a\na\n", "a\n"))) == "a\n"


def test_a_last_line_break_is_a_difference() -> None:
    assert _between("a\nb", "a\nb\n") == [Edit(Span(2, 3), "b\n")]
    assert _between("a\nb\n", "a\nb") == [Edit(Span(2, 4), "b")]


def test_a_line_end_is_a_difference() -> None:
    assert _between("a\r\nb\r\n", "a\nb\r\n") == [Edit(Span(0, 3), "a\n")]


def test_one_change_in_a_long_text_is_one_edit() -> None:
    before = "".join(f"{number % 7}\n" for number in range(20_000))
    after = before[:20_000] + "x" + before[20_001:]
    assert _between(before, after) == [Edit(Span(20_000, 20_002), "x\n")]


# lines


@OURS
@given(TEXTS)
def test_lines_make_up_the_text(text: str) -> None:
    found = lines(Text.of(text))
    assert "".join(found) == text
    assert all(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\n", ["a\n"]),
        ("\n", ["\n"]),
        ("a\r\nb\rc\n\nd", ["a\r\n", "b\r", "c\n", "\n", "d"]),
        ("a\fb\u2028c\n", ["a\fb\u2028c\n"]),
    ],
)
def test_lines_end_where_the_protocols_do(text: str, found: list[str]) -> None:
    assert lines(Text.of(text)) == found


# unified_diff


def _diff(before: str, after: str) -> str:
    return unified_diff("a.py", Text.of(before), Text.of(after))


def test_no_difference_is_nothing() -> None:
    assert _diff("a\n", "a\n") == ""


def test_a_diff_is_unified() -> None:
    assert _diff("a\nb\nc\n", "a\nB\nc\n") == (
        "--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
    )


MISSING = "\\ No newline at end of file\n"


@pytest.mark.parametrize(
    ("before", "after", "body"),
    [
        ("a", "b\n", f"-a\n{MISSING}+b\n"),
        ("a\n", "b", f"-a\n+b\n{MISSING}"),
        ("a", "b", f"-a\n{MISSING}+b\n{MISSING}"),
        ("a\nb", "A\nb", f"-a\n+A\n b\n{MISSING}"),
        ("", "a", f"+a\n{MISSING}"),
    ],
)
def test_a_missing_last_line_break_is_said(before: str, after: str, body: str) -> None:
    assert _diff(before, after).split("@@\n", 1)[1] == body


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def _patched(folder: Path, before: str, diff: str) -> str:
    """What git makes of a file with a diff."""
    path = folder / "a.py"
    path.write_bytes(before.encode())
    command = ["git", "apply", "--unidiff-zero", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=folder, input=diff.encode(), check=True)
    return path.read_bytes().decode() if path.exists() else ""


@needs_git
@settings(OURS, max_examples=40)
@given(PLAIN_TEXTS, PLAIN_TEXTS)
def test_git_makes_one_from_the_other(
    tmp_path_factory: pytest.TempPathFactory, before: str, after: str
) -> None:
    if before != after:
        folder = tmp_path_factory.mktemp("diff")
        assert _patched(folder, before, _diff(before, after)) == after


@needs_git
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\r\nb\r\n", "a\r\nB\r\n"),
        ("a\r\nb", "a\r\nB"),
        ("a\r\nb", "a\r\nb\r\n"),
    ],
)
def test_git_takes_crlf(tmp_path: Path, before: str, after: str) -> None:
    assert _patched(tmp_path, before, _diff(before, after)) == after


@needs_git
@pytest.mark.xfail(strict=True, reason="a diff's lines end at \\n alone")
def test_git_takes_carriage_returns_alone(tmp_path: Path) -> None:
    before, after = "a\rb\r", "a\rB\r"
    assert _patched(tmp_path, before, _diff(before, after)) == after
