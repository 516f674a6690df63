from __future__ import annotations

import random
from dataclasses import replace

import pytest

from qwlsp.bugs.finding import Finding, quoted
from qwlsp.bugs.tracking import moved
from qwlsp.edits import Edit
from qwlsp.text import Span, Text

CODE = "one = 1\ntwo = 2\nthree = 3\nfour = 4\n"
EDITS = 1_000
PIECES = ("x", "é𝄞", " ", "\n", "\r\n", "\r", "y = 1\n", "\n\n  z", "def f():\n    pass\n", "")


def finding(text: Text, words: str, fix: tuple[Edit, ...] | None = None) -> Finding:
    start = text.data.index(words.encode())
    return Finding(
        span=Span(start, start + len(words.encode())),
        severity="warning",
        message="Wrong.",
        quote=quoted(text, start),
        origin="ruff:F821",
        kind="undefined name",
        confidence=1.0,
        fix=fix,
        fix_title="Mend" if fix else "",
    )


def after_edit(words: str, old: str, new: str, code: str = CODE) -> str | None:
    """What the finding about `words` is about once `new` replaced `old`; None if it vanished."""
    before = Text.of(code)
    start = before.data.index(old.encode())
    return after_change(words, Span(start, start + len(old.encode())), new, code)


def after_change(words: str, span: Span, new: str, code: str = CODE) -> str | None:
    before = Text.of(code)
    after = before.replace(span, new)
    found = moved([finding(before, words)], span, len(new.encode()), before, after)
    return after.slice(found[0].span) if found else None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("one = 1", ""),
        ("one = 1\n", ""),
        ("one", "é = 0\none"),
        ("four = 4\n", ""),
        ("four", "x\nfour"),
        ("three = 3\n", "three = 3\n\n"),
        ("one = 1\ntwo = 2\n", ""),
        (CODE, "# more\n" + CODE),
        (CODE, CODE + "five\n"),
        (CODE, CODE.replace("two", "deux")),
        (CODE, CODE),
    ],
)
def test_findings_stay_with_their_line(old: str, new: str) -> None:
    assert after_edit("three", old, new) == "three"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("three", "thre"),
        ("= 3", "= 33"),
        ("three = 3\n", ""),
        ("2\nthree", "2 three"),
        ("2\nth", "2\n th"),
        ("3\nfour", "3; four"),
        ("two = 2\nthree = 3\n", "two = 2\n"),
        ("two = 2\nthree = 3\nfour", "x"),
        (CODE, ""),
    ],
)
def test_findings_vanish_with_their_line(old: str, new: str) -> None:
    assert after_edit("three", old, new) is None


@pytest.mark.parametrize(
    ("offset", "new", "stays"),
    [
        (16, "x\n", True),  # a line in front of it
        (16, "x", False),
        (16, "\n", True),
        (16, "x\ny", False),
        (25, "\nx", True),  # a line behind it
        (25, "x", False),
        (25, " ", False),
        (26, "x", True),
    ],
)
def test_insertions_at_the_ends_of_a_line(offset: int, new: str, stays: bool) -> None:
    assert after_change("three", Span(offset, offset), new) == ("three" if stays else None)


def test_finding_over_several_lines_vanishes_with_any_of_them() -> None:
    assert after_edit("two = 2\nthree", "= 2", "= 22") is None
    assert after_edit("two = 2\nthree", "= 3", "= 33") is None
    assert after_edit("two = 2\nthree", "one", "x\none") == "two = 2\nthree"


def test_finding_at_the_end_of_a_text_without_a_last_line_break() -> None:
    assert after_edit("b", "a", "a\na", code="a\nb") == "b"
    assert after_edit("b", "b", "b\n", code="a\nb") == "b"


def test_finding_on_a_line_break_belongs_to_the_line_that_it_ends() -> None:
    assert after_edit("3\n", "four", "x", code=CODE) == "3\n"
    assert after_edit("3\n", "three", "x", code=CODE) is None


def test_carriage_return_that_becomes_a_line_break() -> None:
    assert after_edit("a", "\r", "\r\n", code="a\rb") == "a"
    assert after_edit("b", "\r", "\r\n", code="a\rb") == "b"


def test_all_else_of_a_finding_stays() -> None:
    before = Text.of(CODE)
    one = finding(before, "three")
    (other,) = moved([one], Span(0, 0), 2, before, before.replace(Span(0, 0), "x\n"))
    assert other == replace(one, span=Span(18, 23))


def test_order_is_kept_and_each_finding_is_judged_for_itself() -> None:
    before = Text.of(CODE)
    findings = [finding(before, words) for words in ("one", "two", "three", "four")]
    after = before.replace(Span(8, 11), "2")
    assert [after.slice(each.span) for each in moved(findings, Span(8, 11), 1, before, after)] == [
        *("one", "three", "four")
    ]


def test_fix_moves_with_the_text() -> None:
    before = Text.of(CODE)
    fix = (Edit(Span(8, 11), "deux"), Edit(Span(26, 26), "quatre"))
    one = finding(before, "three", fix)
    (other,) = moved([one], Span(0, 0), 2, before, before.replace(Span(0, 0), "x\n"))
    assert other.fix == (Edit(Span(10, 13), "deux"), Edit(Span(28, 28), "quatre"))
    assert other.fix_title == "Mend"


@pytest.mark.parametrize("place", [8, 9, 11])
def test_fix_vanishes_when_its_place_changes_but_the_finding_stays(place: int) -> None:
    before = Text.of(CODE)
    one = finding(before, "three", (Edit(Span(8, 11), "deux"),))
    span = Span(place, place)
    (other,) = moved([one], span, 1, before, before.replace(span, "x"))
    assert (other.fix, other.fix_title) == (None, "")


def test_whole_text_sent_again_and_again() -> None:
    lines = [f"line_{number} = {number}" for number in range(20_000)]
    before = Text.of("\n".join(lines))
    findings = [finding(before, "line_17 "), finding(before, "line_19990 ")]
    lines[10_000] += "0"
    after = Text.of("\n".join(lines))
    whole = Span(0, len(before.data))
    assert len(moved(findings, whole, len(after.data), before, after)) == 2


@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_random_edits(seed: int) -> None:
    """Findings on lines that are all different stay on them through edits anywhere else, and
    vanish, never to come back, with the first edit of their own line."""
    draw = random.Random(seed)
    text = Text.of("".join(f"name_{n} = wrong_{n} + é{n} # 𝄞\n" for n in range(60)))
    findings = [finding(text, f"wrong_{n} ") for n in range(0, 60, 3)]
    about = {each.quote: text.slice(each.span) for each in findings}
    vanished = 0
    for _ in range(EDITS):
        span, new = _random_edit(draw, text)
        after = text.replace(span, new)
        alive = {each.quote for each in findings}
        findings = moved(findings, span, len(new.encode()), text, after)
        for each in findings:
            line = after.line_of(each.span.start)
            assert after.slice(after.line_span(line)) == each.quote
            assert after.slice(each.span) == about[each.quote]
        gone = alive - {each.quote for each in findings}
        vanished += len(gone)
        lines = {after.slice(after.line_span(n)) for n in range(after.line_count)}
        assert not gone & lines
        text = after
    assert 0 < vanished < len(about)


def _random_edit(draw: random.Random, text: Text) -> tuple[Span, str]:
    """A small replacement somewhere, most often not in a line that was there at the start."""
    line = draw.randrange(text.line_count)
    while b"wrong" in _bytes(text, line) and draw.random() < 0.995:
        line = draw.randrange(text.line_count)
        if draw.random() < 0.2:
            start = draw.choice((text.line_span(line).start, text.line_span(line).end))
            return Span(start, start), draw.choice(("\n", "\nx")) if start else "x\n"
    span = text.line_span(line)
    code = text.slice(span)
    first, last = sorted(draw.randint(0, len(code)) for _ in range(2))
    start = span.start + len(code[:first].encode())
    end = span.start + len(code[:last].encode())
    return Span(start, end), draw.choice(PIECES)


def _bytes(text: Text, line: int) -> bytes:
    span = text.line_span(line)
    return text.data[span.start : span.end]
