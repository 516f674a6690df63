from __future__ import annotations

import pytest
from llguidance import LLMatcher, LLTokenizer

from qwlsp import edits
from qwlsp.bugs import fixing
from qwlsp.bugs.finding import BY_MODEL, Finding, quoted
from qwlsp.bugs.rules import found_by_rules
from qwlsp.checks.linter import LinterFailed
from qwlsp.text import Span, Text

CODE = """\
def total(prices, tax):
    result = 0
    for index in range(len(prices) - 1):
        result += prices[index]
    return result * tax
"""
LOOP = "for index in range(len(prices) - 1):"
MENDED = "for index in range(len(prices)):"


def finding(text: Text, words: str = LOOP, origin: str = BY_MODEL) -> Finding:
    start = text.data.index(words.encode())
    return Finding(
        span=Span(start, start + len(words.encode())),
        severity="warning",
        message="The last price is left out.",
        quote=quoted(text, start),
        origin=origin,
        kind="off by one",
        confidence=0.8,
    )


def fixed(new: str, code: str = CODE, words: str = LOOP) -> str | None:
    """The text once `new` replaced the lines of `words`; None if that is not offered."""
    text = Text.of(code)
    fix = fixing.fix_from_model(finding(text, words), text, new)
    return str(edits.apply(text, fix)) if fix else None


def test_instruction_shows_the_lines_and_what_is_wrong() -> None:
    text = Text.of(CODE)
    asked = fixing.fix_instruction(finding(text), text)
    assert f"```python\n    {LOOP}\n```" in asked
    assert "off by one" in asked and "The last price is left out." in asked


@pytest.mark.parametrize(
    "new",
    [
        f"    {MENDED}",
        MENDED,
        f"        {MENDED}\n",
        f"\n\n    {MENDED}\n\n",
        f"```python\n    {MENDED}\n```",
        f"    {MENDED}\r\n",
    ],
)
def test_lines_are_replaced_with_the_indentation_that_they_had(new: str) -> None:
    assert fixed(new) == CODE.replace(LOOP, MENDED)


def test_several_lines() -> None:
    new = "if not prices:\n    return 0\nfor index in range(len(prices)):"
    expected = CODE.replace(LOOP, new.replace("\n", "\n    "))
    assert fixed(new) == expected


@pytest.mark.parametrize(
    "new",
    [
        "",
        "\n \n",
        "```\n```",
        "for index in range(len(prices) - 1:",  # no Python
        "for index in range(len(prices))",
        "return 0",  # what follows is indented deeper
        "for index in range(count):",  # a name that does not exist
        "new = 0\nfor index in range(len(prices)):",  # one that nobody uses
        LOOP,  # what was there
        f"{LOOP}  # mended",
        LOOP.replace(" ", "  ").strip(),
        "\tfor index in range(len(prices)):\n\t\tpass",  # tabs
        "for index in range(len(prices)):\n    if index == index:\n        break\nfor index in []:",
        "x = 1\n" * 5 + MENDED,  # six lines
        f"{MENDED}  # {'x' * 200}",
        f"{MENDED} # \x00",
        f"{MENDED} # \u202e",
        f"{MENDED} # \ud800",
        "Here is the code:",
    ],
)
def test_what_is_not_offered(new: str) -> None:
    assert fixed(new) is None


def test_line_ends_are_kept() -> None:
    code = CODE.replace("\n", "\r\n")
    new = "prices = list(prices)\n" + MENDED
    assert fixed(new, code) == code.replace(LOOP, "prices = list(prices)\r\n    " + MENDED)


def test_last_line_without_a_line_break() -> None:
    code = "def f(a):\r\n    return a + 1"
    assert (
        fixed("a = -a\nreturn a", code, "return a + 1") == "def f(a):\r\n    a = -a\r\n    return a"
    )


def test_finding_on_too_many_lines_or_a_long_one() -> None:
    many = "x = [\n" + "    1,\n" * 5 + "]\n"
    assert fixed("x = []", many, many.strip()) is None
    long = f"x = '{'a' * 500}'\n"
    text = Text.of(long)
    assert not fixing.can_be_fixed(finding(text, "x = "), text)
    assert fixed("x = 'a'", long, "x = ") is None


def test_what_a_rule_has_found_must_be_gone() -> None:
    text = Text.of("def f(x):\n    return x == x\n")
    (found,) = found_by_rules(text, path="/nowhere/a.py")
    assert fixing.fix_from_model(found, text, "    return (x == x)  and x") is None
    assert fixing.fix_from_model(found, text, "    return x == 1") is not None


def test_code_that_was_broken_can_be_mended() -> None:
    assert fixed("return (1)", "def f():\n    return (1\n", "return (1") == (
        "def f():\n    return (1)\n"
    )


def test_without_ruff_nothing_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise LinterFailed("ruff failed.")

    monkeypatch.setattr(fixing, "lint", fails)
    assert fixed(MENDED) is None


def test_finding_gets_its_fix_and_a_title() -> None:
    text = Text.of(CODE)
    before = finding(text)
    after = fixing.with_fix(before, text, MENDED)
    assert after.fix and after.fix_title == fixing.TITLE
    assert fixing.with_fix(before, text, "nonsense (") == before


@pytest.mark.parametrize(
    ("answer", "fits"),
    [
        (f"    {MENDED}", True),
        ("\tx = 'é𝄞'\n\n    y", True),
        ("a\nb\nc\nd\ne", True),
        ("a\nb\nc\nd\ne\nf", False),
        ("x" * 160, True),
        ("x" * 161, False),
        ("a\rb", False),
        ("a\x00", False),
    ],
)
def test_answers_are_bounded_by_the_grammar(answer: str, fits: bool) -> None:
    matcher = LLMatcher(LLTokenizer("byte"), LLMatcher.grammar_from_regex(fixing.fix_regex()))
    tokens = list(answer.encode())
    taken = matcher.validate_tokens(tokens) == len(tokens) and matcher.consume_tokens(tokens)
    assert (taken and matcher.is_accepting()) == fits
