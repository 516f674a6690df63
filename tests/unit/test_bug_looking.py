from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer

from qwlsp.bugs import looking
from qwlsp.bugs.finding import BY_MODEL, explained
from qwlsp.bugs.looking import Window, kinds, read, windows
from qwlsp.documents import Snapshot
from qwlsp.text import Span, Text

CODE = '''\
import os


@decorated
def total(prices, tax):
    """The sum."""
    result = 0

    for price in prices:
        result += price

    return result * tax
'''
TOTAL = "for price"
GOOD = {"line": 7, "kind": "off by one", "message": "The last price is left out."}


def snapshot(code: str, language: str = "python") -> Snapshot:
    return Snapshot("file:///a", None, language, Text.of(code))


def looked(
    code: str = CODE, at: str = TOTAL, *, language: str = "python", max_tokens: int = 10_000
) -> list[Window]:
    """The windows around the place where `at` stands, where each word counts as a token."""
    shot = snapshot(code, language)
    place = len(code[: code.index(at) + len(at)].encode())
    scope = shot.scope_at(Span(place, place))
    return windows(scope, shot.text, max_tokens=max_tokens, count=lambda s: len(s.split()))


def answer(*findings: object) -> str:
    return json.dumps({"findings": findings})


def messages(written: str, code: str = CODE) -> list[str]:
    (window,) = looked(code)
    return [each.message for each in read(written, window, Text.of(code), probability=0.5)]


# What is shown.


def test_lines_are_numbered_from_the_first_decorator_on() -> None:
    (window,) = looked()
    assert window.code.splitlines()[:2] == ["1: @decorated", "2: def total(prices, tax):"]
    assert window.code.splitlines()[-1] == "9:     return result * tax"
    assert (window.kind, window.name, window.first) == ("function", "`total`", 3)


def test_blank_lines_are_shown_but_can_not_be_named() -> None:
    (window,) = looked()
    assert window.code.splitlines()[4] == "5:"
    assert window.numbers == (1, 2, 3, 4, 6, 7, 9)


def test_typing_above_changes_nothing_that_is_shown() -> None:
    (before,), (after,) = looked(), looked("x = 1\n" + CODE)
    assert (before.code, before.numbers) == (after.code, after.numbers)
    assert after.first == before.first + 1


def test_long_functions_are_shown_in_windows_between_statements() -> None:
    found = looked(max_tokens=16)
    assert [window.code.splitlines()[-1] for window in found] == [
        "5:",
        "8:",
        "9:     return result * tax",
    ]


def test_windows_begin_with_the_header_and_a_gap() -> None:
    second = looked(max_tokens=16)[1].code.splitlines()
    assert second[:3] == ["1: @decorated", "2: def total(prices, tax):", "…"]
    assert second[3].startswith("6:     for price")


def test_every_line_can_be_named_in_exactly_one_window() -> None:
    numbers = [number for window in looked(max_tokens=16) for number in window.numbers]
    assert numbers == list(looked()[0].numbers)


@pytest.mark.parametrize("max_tokens", [1, 5, 12, 20, 40])
def test_windows_are_no_larger_than_asked_if_their_lines_are_not(max_tokens: int) -> None:
    for window in looked(max_tokens=max_tokens):
        own = [line for line in window.code.splitlines() if line != "…"]
        assert len(" ".join(own).split()) <= max_tokens or len(own) == 1


def test_header_of_many_lines_is_not_repeated_in_full() -> None:
    many = ",\n".join(f"    parameter_{number}" for number in range(20))
    code = f"def long(\n{many},\n):\n    a = 1\n    b = 2\n    return a, b\n"
    last = looked(code, "return", max_tokens=20)[-1]
    assert last.code.startswith("1: def long(\n…\n")


def test_statement_that_is_too_long_is_cut_between_lines() -> None:
    code = "def f():\n    return [\n" + "        1,\n" * 30 + "    ]\n"
    assert len(looked(code, "return", max_tokens=20)) > 3


def test_line_that_is_too_long_is_cut() -> None:
    code = "def f():\n    return '" + "é" * 1_000_000 + "'\n"
    (window,) = looked(code, "return")
    assert len(window.code) < 2 * looking.LONGEST_LINE
    assert window.code.endswith("é…\n")


def test_blank_scope_has_no_window() -> None:
    assert windows(snapshot("\n\n").whole, Text.of("\n\n"), max_tokens=9, count=len) == []


def test_whole_files_and_classes() -> None:
    (window,) = looked(CODE, "import os")
    assert (window.kind, window.name) == ("file", "above")
    (window,) = looked("class A:\n    b = 1\n", "b = 1")
    assert (window.kind, window.name) == ("class", "`A`")


def test_other_languages_are_cut_between_statements_too() -> None:
    code = "function f(a) {\n  let b = 1;\n  if (a) {\n    b = 2;\n  }\n  return b;\n}\n"
    found = looked(code, "let b", language="javascript", max_tokens=14)
    assert len(found) > 1
    assert found[0].code.startswith("1: function f(a) {\n2:   let b = 1;\n")
    assert found[1].code.startswith("1: function f(a) {\n…\n")


def test_text_without_a_grammar_is_cut_at_blank_lines() -> None:
    code = "proc a {} {\n  one\n  two\n\n  three\n  four\n}\n"
    found = looked(code, "two", language="tcl", max_tokens=12)
    assert [window.code for window in found] == [
        "1: proc a {} {\n2:   one\n3:   two\n4:\n",
        "5:   three\n6:   four\n7: }\n",
    ]


def test_deep_nesting() -> None:
    code = "def f():\n    return " + "(" * 3_000 + ")" * 3_000 + "\n" + "    x = 1\n" * 50
    assert len(looked(code, "return", max_tokens=30)) > 2


def test_prompts_name_what_they_are_about() -> None:
    (window,) = looked()
    prompt = looking.shown(window, file="a.py", fence="python")
    assert prompt.startswith("From a.py") and "```python\n1: @decorated\n" in prompt
    assert "the function `total`" in looking.question(window)
    assert all(f"`{choice}`" in looking.question(window) for choice in looking.choices())
    assert "in German" in looking.instruction(window, language="German")


def test_code_can_not_close_its_fence() -> None:
    (window,) = looked("def f():\n    return '''\n```\n'''\n", "return")
    assert "````python\n" in looking.shown(window, file="a.py", fence="python")


def test_dollars_in_code_are_only_dollars() -> None:
    (window,) = looked("def f():\n    return '$file $code'\n", "return")
    assert "$file $code" in looking.shown(window, file="a.py", fence="python")


# What may be answered.


def accepts(written: str) -> bool:
    (window,) = looked()
    grammar = LLMatcher.grammar_from_json_schema(
        looking.schema(window), defaults={"whitespace_flexible": False}
    )
    matcher = LLMatcher(LLTokenizer("byte"), grammar)
    tokens = list(written.encode())
    return bool(matcher.validate_tokens(tokens) == len(tokens)) and bool(
        matcher.consume_tokens(tokens) and matcher.is_accepting()
    )


def written(*findings: object) -> str:
    return json.dumps({"findings": findings}, separators=(",", ":"))


def test_schema_takes_up_to_three_findings() -> None:
    assert accepts(written())
    assert accepts(written(GOOD))
    assert accepts(written(GOOD, GOOD, GOOD))
    assert not accepts(written(GOOD, GOOD, GOOD, GOOD))


@pytest.mark.parametrize(
    "wrong",
    [
        {"line": 5},
        {"line": 10},
        {"line": 0},
        {"line": -1},
        {"line": "7"},
        {"kind": "ugly"},
        {"message": ""},
        {"message": "x" * 161},
    ],
)
def test_schema_refuses(wrong: dict[str, Any]) -> None:
    assert not accepts(written({**GOOD, **wrong}))


def test_there_are_fourteen_kinds_with_a_reason_each() -> None:
    assert len(kinds()) == 14
    assert all(why.endswith(".") and len(why) < 200 for why in kinds().values())


# What is made of an answer.


def test_finding_is_complete() -> None:
    (window,) = looked()
    text = Text.of(CODE)
    (finding,) = read(answer(GOOD), window, text, probability=0.75)
    assert text.slice(finding.span) == "result += price"
    assert finding.quote == "result += price"
    assert (finding.origin, finding.kind) == (BY_MODEL, "off by one")
    assert (finding.severity, finding.confidence) == ("warning", 0.75)
    assert finding.message == "The last price is left out."
    assert finding.why.startswith("A range") and finding.why.endswith(looking.CAVEAT)
    assert finding.fix is None


def test_no_bug() -> None:
    assert messages(answer()) == []


@pytest.mark.parametrize(
    "answer_",
    [
        "",
        "bug",
        "[]",
        "null",
        "3",
        '"findings"',
        "{}",
        '{"findings": null}',
        '{"findings": {"line": 1}}',
        '{"findings": [1, null, [], "x"]}',
        '{"findings": [{}]}',
        answer(GOOD)[:-3],
        "[" * 100_000,
        '{"findings": [' + "1" * 10_000 + "]}",
    ],
)
def test_answers_of_another_form_say_nothing(answer_: str) -> None:
    assert messages(answer_) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"line": 5},
        {"line": 99},
        {"line": 0},
        {"line": -3},
        {"line": True},
        {"line": 7.0},
        {"line": None},
        {"line": [7]},
        {"kind": "ugly"},
        {"kind": ["off by one"]},
        {"kind": None},
        {"message": None},
        {"message": 3},
        {"message": "no"},
        {"message": "12 345 678 9"},
        {"message": "x" * 161},
        {"message": "The value \x1b[31m is wrong."},
        {"message": "The \u202evalue is wrong."},
        {"message": "The value \ud800 is wrong."},
        {"message": "wrong value " * 13},
    ],
)
def test_findings_that_are_dropped(wrong: dict[str, Any]) -> None:
    assert messages(answer({**GOOD, **wrong})) == []


def test_the_others_stay() -> None:
    other = {"line": 4, "kind": "wrong result", "message": "It starts at nothing"}
    assert messages(answer({**GOOD, "line": 99}, other)) == ["It starts at nothing."]


def test_same_line_or_same_message_counts_once() -> None:
    again = {**GOOD, "message": "Something else is wrong."}
    elsewhere = {**GOOD, "line": 4}
    assert messages(answer(GOOD, again, elsewhere)) == [GOOD["message"]]


def test_more_than_three_findings_are_cut() -> None:
    many = [
        {"line": line, "kind": "wrong type", "message": f"Something with {name}."}
        for line, name in zip(
            [1, 2, 3, 4, 6], ["tax", "price", "sum", "prices", "loop"], strict=True
        )
    ]
    assert len(messages(answer(*many))) == 3


def test_findings_come_in_the_order_of_lines() -> None:
    (window,) = looked()
    other = {"line": 2, "kind": "wrong type", "message": "The tax is a text."}
    findings = read(answer(GOOD, other), window, Text.of(CODE), probability=1)
    assert [each.span for each in findings] == sorted(each.span for each in findings)


@pytest.mark.parametrize("end", [".", "!", "?", "。", "؟"])
def test_sentences_have_one_end(end: str) -> None:
    assert messages(answer({**GOOD, "message": f"It is wrong{end}"})) == [f"It is wrong{end}"]


def test_messages_are_on_one_line() -> None:
    assert messages(answer({**GOOD, "message": "It is\n\t wrong"})) == ["It is wrong."]


def test_lines_that_are_gone_or_blank_by_now() -> None:
    (window,) = looked()
    assert read(answer(GOOD), window, Text.of("x\n"), probability=1) == []
    assert read(answer(GOOD), window, Text.of("\n" * 50), probability=1) == []


@pytest.mark.parametrize(("given_", "kept"), [(-1, 0.0), (0.3, 0.3), (7, 1.0)])
def test_confidence_is_a_probability(given_: float, kept: float) -> None:
    (window,) = looked()
    (finding,) = read(answer(GOOD), window, Text.of(CODE), probability=given_)
    assert finding.confidence == kept


@pytest.mark.parametrize(
    "hostile",
    [
        "# A heading <script>alert(1)</script>",
        "![image](https://example.org/x.png) here",
        "[click](command:evil) on this",
    ],
)
def test_markdown_of_a_model_is_harmless(hostile: str) -> None:
    (window,) = looked()
    (finding,) = read(answer({**GOOD, "message": hostile}), window, Text.of(CODE), probability=1)
    shown = explained(finding)
    assert shown.startswith("**Off by one:** ")
    assert "<script" not in shown and "![" not in shown and "](command:" not in shown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 12) | st.floats() | st.text(max_size=170),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["findings", "line", "kind", "message"]), inner)
    ),
)
items = st.fixed_dictionaries(
    {
        "line": st.integers(-2, 12) | json_values,
        "kind": st.sampled_from([*kinds(), "ugly"]) | json_values,
        "message": st.text(max_size=200) | json_values,
    }
)


@settings(derandomize=True, deadline=None, max_examples=500)
@given(
    st.text(max_size=300)
    | json_values.map(json.dumps)
    | st.lists(items, max_size=5).map(lambda found: json.dumps({"findings": found}))
)
def test_whatever_is_answered(answer_: str) -> None:
    (window,) = looked()
    text = Text.of(CODE)
    findings = read(answer_, window, text, probability=0.5)
    assert len(findings) <= looking.MOST_FINDINGS
    lines = [text.line_of(each.span.start) for each in findings]
    assert len(set(lines)) == len(lines)
    for finding, line in zip(findings, lines, strict=True):
        assert line - window.first + 1 in window.numbers
        assert text.line_of(finding.span.end) == line
        assert finding.message.isprintable()
        assert len(finding.message) <= looking.LONGEST_MESSAGE + 1
        assert finding.quote and finding.quote in CODE
