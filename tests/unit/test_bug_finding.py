from __future__ import annotations

import pytest

from qwlsp.bugs.finding import BY_MODEL, Finding, explained, lines_of, merged, quoted
from qwlsp.text import Span, Text

TEXT = Text.of("one\ntwo two\nthree\n")


def finding(word: str, origin: str, message: str = "Wrong.", why: str = "") -> Finding:
    start = TEXT.data.index(word.encode())
    return Finding(
        span=Span(start, start + len(word)),
        severity="error",
        message=message,
        quote=quoted(TEXT, start),
        origin=origin,
        kind="no effect",
        confidence=1.0,
        why=why,
    )


def test_quotes_are_one_short_printable_line() -> None:
    text = Text.of("x = 1\n\tif a\x07:" + " b" * 100 + "\n")
    quote = quoted(text, 8)
    assert quote.startswith("if a\ufffd: b b") and quote.endswith("…")
    assert len(quote) <= 80


def test_quote_cuts_no_character_in_two() -> None:
    assert "\ufffd" not in quoted(Text.of("x" + "é" * 1_000), 0)


@pytest.mark.parametrize(
    ("span", "lines"), [((0, 1), [0]), ((0, 2), [0]), ((0, 3), [0, 1]), ((2, 2), [1])]
)
def test_lines_of_a_span(span: tuple[int, int], lines: list[int]) -> None:
    assert list(lines_of(Text.of("a\nb\n"), Span(*span))) == lines


def test_first_finding_of_a_rule_on_a_line_counts() -> None:
    first, second = finding("two", "ruff:F821"), finding("wo two", "ruff:F821")
    assert merged(TEXT, [first, second]) == [first]
    assert merged(TEXT, [second, first]) == [second]


def test_different_rules_may_speak_about_a_line() -> None:
    found = [finding("two", "ruff:F821"), finding("wo two", "ruff:B006")]
    assert merged(TEXT, found) == found


def test_model_speaks_once_about_lines_that_no_rule_speaks_about() -> None:
    found = [
        finding("three", BY_MODEL, "First."),
        finding("three", BY_MODEL, "Second."),
        finding("two", BY_MODEL),
        finding("two", "ruff:F821"),
    ]
    assert merged(TEXT, found) == [found[3], found[0]]


def test_explanation_says_what_is_wrong_and_why() -> None:
    told = explained(finding("one", "ruff:B018", "It is lost.", "Because of that."))
    assert told == "**No effect:** It is lost.\n\nBecause of that."
