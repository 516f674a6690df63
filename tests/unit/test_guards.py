"""`qwlsp.guards`: loops, echoes and invented names go, everything else stays."""

from __future__ import annotations

import argparse
import difflib
import inspect
import keyword
import textwrap
from itertools import pairwise
from types import ModuleType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qwlsp.guards import guard, identifiers, repeats, strip_echo, unquote_unknown
from qwlsp.markdown import sanitize

PROPERTY = settings(derandomize=True, deadline=None, max_examples=400)

STEPS = "- It opens the file.\n- It reads all lines.\n- It closes the file and returns them.\n"
LONG = "".join(f"Sentence {letter} says something of its own.\n" for letter in "abcdefghijklmnop")


@pytest.mark.parametrize(
    ("once", "again"),
    [
        ("It adds a and b. ", "It adds a and b. " * 2),
        ("Intro. It adds a and b. ", "It adds a and b. " * 5),
        ("It adds.\n", "It adds.\n" * 2),
        ("It adds.\n\n", "It adds.\n\n" * 2),
        ("Yes! ", "Yes! Yes!"),
        ("1. It reads.\n", "2. It reads.\n3. It reads.\n"),
        ("Intro:\n\n" + STEPS, STEPS * 2),
        ("Intro:\n\n" + STEPS, STEPS * 2 + STEPS[:30]),
        (LONG, LONG * 2),
        ("so foo ", "foo " * 20),
        ("ha", "ha" * 40),
        ("返回值。", "返回值。" * 20),
        ("and x, ", "x, " * 25),
        ("```python\nx = x + 1\n", "x = x + 1\n" * 15),
        ("-", "-" * 400),
        ("0, ", "0, " * 150),
        ("a\n\n", "\n" * 400),
        ("| a |\n|---|\n| same row again |\n", "| same row again |\n" * 5),
    ],
)
def test_repetition_starts_with_the_second_copy(once: str, again: str) -> None:
    assert repeats(once + again) == len(once)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "It adds. It adds.",
        "One sentence. Another sentence. A third sentence.",
        "It is.\nIt is.\nIt is not.",
        "- the name\n- the name of the file\n- the name of the file and its size\n",
        "- returns `a`\n- returns `b`\n- returns `c`\n- returns `d`\n",
        "a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z",
        "item1, item2, item3, item4, item5, item6, item7, item8, item9, item10",
        "a\n\n" + "-" * 120,
        "| a | b | c | d |\n|" + "-------|" * 12,
        "| a | b |\n|---|---|\n| yes | no |\n| yes | no |\n| yes | no |",
        "| a | b |\n|---|---|\n| yes | no |\n| yes | no |\n| yes | no |\n",
        "|" + " yes |" * 20,
        " " * 200,
        "```\n" + "".join(" " * (4 * depth) + "}\n" for depth in range(9, 0, -1)),
        "```python\n" + "print(next(numbers))\n" * 4,
        "```python\n" + "print(next(numbers))\n" * 4 + "```",
        "x = [" + "0, " * 60,
        "```python\nTABLE = [\n" + "    [0, 0, 0, 0],\n" * 10,
        "1. First.\n2. Second.\n3. Third.\n",
        "x.y.z, e.g. a.b.c, i.e. d.e.f",
        "wait ... ... ... what",
    ],
)
def test_ordinary_text_does_not_repeat_itself(text: str) -> None:
    for length in range(len(text) + 1):
        assert repeats(text[:length]) is None


@pytest.mark.parametrize("module", [argparse, difflib, keyword, textwrap])
def test_ordinary_code_does_not_repeat_itself(module: ModuleType) -> None:
    code = "```python\n" + inspect.getsource(module)
    for length in range(0, len(code), 200):
        assert repeats(code[:length]) is None


@PROPERTY
@given(st.text(), st.text(min_size=1, max_size=300), st.integers(0, 300))
@example("", "a", 7)
def test_repetition_is_found_and_stays_where_it_is(before: str, unit: str, more: int) -> None:
    text = before + unit * (8 + 800 // len(unit))
    offset = repeats(text)
    if any(map(str.isalpha, unit)) and "`" not in text and "~" not in text and "|" not in text:
        assert offset is not None
    if offset is not None:
        assert offset <= len(before) + 2 * len(unit)


@PROPERTY
@given(st.text(st.sampled_from("ab .\n`|-1#"), max_size=300))
def test_offsets_lie_inside_and_leave_something(text: str) -> None:
    offset = repeats(text)
    assert offset is None or 0 < offset < len(text)


CODE = '''def add(a, b):
    """Return the sum of both."""
    return a + b'''
PROMPT = f"You explain code.\n\n```python\n{CODE}\n```\n\nExplain what the function above does."
ECHOED = f"```python\n{CODE}\n```\n\n"


@pytest.mark.parametrize(
    "echo",
    [
        "Explain what the function above does.\n\n",
        "**Explain what the function above does.**\n",
        "> Explain what the function above does.\n\n",
        ECHOED,
        ECHOED.replace("python", "py").replace("    ", "  "),
        ECHOED.replace("```", "~~~"),
        CODE + "\n\n",
        "\n\n" + ECHOED,
        "Here is the explanation of the function:\n\n" + ECHOED,
        "Voici la fonction :\n" + ECHOED,
        "Explain what the function above does.\n\n" + ECHOED,
        "Here it is:\n" + ECHOED + "Explain what the function above does.\n",
    ],
)
def test_an_echo_of_the_prompt_is_cut(echo: str) -> None:
    assert strip_echo(echo + "It adds two numbers.", PROMPT) == "It adds two numbers."


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "It adds two numbers.",
        "Explain what the function above does? It adds.",
        "Here is what it does:\n\n- It adds.",
        "```python\nadd(1, 2)\n```\n\nprints 3.",
        f"```python\n{CODE}  # a sum\n```",
        "a + b\n",
        "return a + b",
        "It adds.\n\n" + ECHOED,
        "Here is the code:\n\n```python\nadd(1, 2)\n```",
    ],
)
def test_what_is_no_echo_stays(answer: str) -> None:
    assert strip_echo(answer, PROMPT) == answer
    assert strip_echo(answer, "") == answer


def streamed(answer: str, step: int = 4) -> list[str]:
    """Return what `guard` shows of a growing answer, each state once."""
    ends = [*range(step, len(answer), step)]
    shown = [guard(answer[:end], prompt=PROMPT, known={"add"}, final=False) for end in ends]
    shown.append(guard(answer, prompt=PROMPT, known={"add"}, final=True))
    return [now for before, now in pairwise([None, *shown]) if now is not None and now != before]


@pytest.mark.parametrize("lead_in", ["", "Here is the explanation of the function:\n\n"])
def test_an_echo_never_shows_up_in_a_stream(lead_in: str) -> None:
    states = streamed(lead_in + ECHOED + "It adds two numbers.")
    assert states[-1] == "It adds two numbers."
    assert all(states[-1].startswith(state) for state in states)


def test_the_half_of_a_fence_does_not_show_a_lead_in() -> None:
    assert guard("Sure:\n~~", prompt=PROMPT, known=(), final=False) == ""


def test_a_lead_in_to_something_new_shows_up_late_but_stays() -> None:
    states = streamed("Here is what it does:\n\n- It adds.\n- It returns.")
    assert states[0] == ""
    assert states[1].startswith("Here is what it does:")
    assert all(after.startswith(before) for before, after in pairwise(states))


@pytest.mark.parametrize("answer", [ECHOED, "Here is", "Sure:", "Sure:\n\n", "def add(a"])
def test_a_final_answer_is_never_empty(answer: str) -> None:
    assert guard(answer, prompt=PROMPT, known={"add"}, final=False) == ""
    assert guard(answer, prompt=PROMPT, known={"add"}, final=True) == answer


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("`foo`", "foo"),
        ("`foo()` is called", "foo() is called"),
        ("``foo``", "foo"),
        ("`known`", "`known`"),
        ("`known()`", "`known()`"),
        ("`known.other`", "`known.other`"),
        ("`known.foo`", "known.foo"),
        ("`foo.known()`", "foo.known()"),
        ("`None`, `async`, `if`", "`None`, `async`, `if`"),
        ("`__foo__` and `_foo.bar_`", r"\_\_foo\_\_ and \_foo.bar\_"),
        ("`foo_bar`", "foo_bar"),
        ("`größe` and `名前`", "größe and 名前"),
        ("`foo bar`", "`foo bar`"),
        ("`foo(1)`", "`foo(1)`"),
        ("`foo + 1`, `@foo`, `-f`, `3.11`, `'foo'`", "`foo + 1`, `@foo`, `-f`, `3.11`, `'foo'`"),
        ("`` `foo` ``", "`` `foo` ``"),
        ("\\`foo\\`", "\\`foo\\`"),
        ("\\\\`foo`", "\\\\foo"),
        ("`a\nb` and `foo`", "`a\nb` and foo"),
        ("`a\n\nb` and `foo`", "`a\n\nb` and `foo`"),
        ("```\n`foo`\n```\n`foo`", "```\n`foo`\n```\nfoo"),
        ("- ~~~py\n  `foo`\n  ~~~\n- `foo`", "- ~~~py\n  `foo`\n  ~~~\n- foo"),
        ("> ````\n> ```\n> `foo`", "> ````\n> ```\n> `foo`"),
        ("``` x`foo` ```", "``` x`foo` ```"),
        ("`foo``bar`", "`foo``bar`"),
        ("`foo", "`foo"),
    ],
)
def test_unknown_names_lose_their_backticks(markdown: str, expected: str) -> None:
    assert unquote_unknown(markdown, {"known", "other"}) == expected


def test_an_unknown_dunder_is_not_bold() -> None:
    assert sanitize(unquote_unknown("`__foo__`", ())) == r"\_\_foo\_\_"


def test_identifiers() -> None:
    code = 'class Größe:\n    def f_1(self, 名前=2e5): return "text" # note\n'
    assert identifiers(code) == {
        *("class", "Größe", "def", "f_1", "self", "名前", "return", "text", "note")
    }
    assert identifiers("") == set()


def test_guard_applies_everything() -> None:
    answer = ECHOED + "`add` calls `sum`. " + "It adds two numbers. " * 4
    result = guard(answer, prompt=PROMPT, known={"add"}, final=True)
    assert result == "`add` calls sum. It adds two numbers."


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("It calls `", "It calls "),
        ("It calls `ad", "It calls `ad`"),
        ("It calls `add`", "It calls `add`"),
        ("It calls ``a`b", "It calls ``a`b``"),
        ("a `` b\n\n`c", "a `` b\n\n`c`"),
        ("```python\nx = `", "```python\nx = `"),
    ],
)
def test_a_code_span_is_closed_while_it_is_written(answer: str, expected: str) -> None:
    assert guard(answer, prompt="", known={"add"}, final=False) == expected


markdown_texts = st.text(st.sampled_from("ab_.() `~\n-|\\:>1é\ud800")) | st.text()


@PROPERTY
@given(markdown_texts, st.sets(st.sampled_from("ab")))
def test_unquoting_is_done_once(text: str, known: set[str]) -> None:
    result = unquote_unknown(text, known)
    assert unquote_unknown(result, known) == result


@PROPERTY
@given(st.lists(st.sampled_from([*PROMPT.split("\n"), "new", "", ":", "```"])), st.booleans())
def test_stripping_an_echo_is_done_once(lines: list[str], final: bool) -> None:
    answer = "\n".join(lines)
    result = strip_echo(answer, PROMPT, final=final)
    assert answer.endswith(result)
    assert strip_echo(result, PROMPT, final=final) == result


@PROPERTY
@given(markdown_texts, markdown_texts, st.booleans())
def test_guard_takes_any_text(answer: str, prompt: str, final: bool) -> None:
    result = guard(answer, prompt=prompt, known={"a"}, final=final)
    assert not final or bool(result.strip()) == bool(answer.strip())


@pytest.mark.parametrize(
    "text",
    [
        "`" * 20_000,
        "a" * 20_000,
        "- " * 10_000,
        "```\n" * 5_000,
        "".join("`" * n + " " for n in range(150)),
    ],
    ids=lambda text: text[:4],
)
def test_degenerate_texts(text: str) -> None:
    guard(text, prompt=text, known=(), final=False)
