"""What counts as an answer of the required form: pure functions of text."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import fastjsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.engine.messages import Constraint
from qwlsp.remote import forms
from tests.remote.servers import scored

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"line": {"type": "integer"}, "size": {"type": "number"}},
    "required": ["line"],
    "additionalProperties": False,
}
JSON = Constraint(kind="json_schema", value=SCHEMA)
GOOD = '{"line": 7}'
CALLS = ["await", "to_thread", "leave"]
BUGS = ["no bug", "bug"]
anything = settings(derandomize=True, deadline=None, max_examples=200)


# JSON.


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\n  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```\n",
        f"Sure! Here it is:\n{GOOD}\nI hope this helps.",
        f"<think>\nhm\n</think>\n{GOOD}",
        f"\N{ZERO WIDTH NO-BREAK SPACE}{GOOD}",
    ],
)
def test_json_is_found_in_what_stands_around_it(text: str) -> None:
    found = forms.checked(text, JSON)
    assert found is not None
    assert json.loads(found) == {"line": 7}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "}{",
        "{",
        "{}",
        "[]",
        '{"line": "7"}',
        '{"line": 7.5}',
        '{"line": 7, "more": 1}',
        '{"line": 7',
        '{"line": NaN}',
        '{"line": 7, "size": NaN}',
        '{"line": 7, "size": -Infinity}',
        "{'line': 7}",
        '{"line": 7,}',
        '{"a":' * 5_000 + "}" * 5_000,
        '{"line": ' + "9" * 10_000 + "}",
        "The set {1, 2} and the set {3}.",
    ],
)
def test_what_does_not_have_the_form(text: str) -> None:
    assert forms.checked(text, JSON) is None


@anything
@given(st.text() | st.text(alphabet='{}[]":,lines127.eNa \n`'))
def test_any_text_has_the_form_or_does_not(text: str) -> None:
    for whole in (text, f"{text}{GOOD}{text}", GOOD.replace("7", text)):
        found = forms.checked(whole, JSON)
        if found is not None:
            assert found in whole
            fastjsonschema.validate(SCHEMA, json.loads(found))


@pytest.mark.parametrize("text", ["a\nb", "```python\na\nb\n```", "\na\nb\n", "```\na\nb```"])
def test_a_regular_expression_fits_all_of_it(text: str) -> None:
    assert forms.checked(text, Constraint(kind="regex", value=r"[a-z]\n[a-z]")) == "a\nb"


@pytest.mark.parametrize("text", ["", "a", "a\nb\nc", "a\nb ", "Sure: a\nb", "```\na\nb\n``` done"])
def test_a_regular_expression_that_does_not_fit(text: str) -> None:
    assert forms.checked(text, Constraint(kind="regex", value=r"[a-z]\n[a-z]")) is None


@anything
@given(st.text() | st.text(alphabet="`\na "))
def test_any_text_fits_a_regular_expression_or_does_not(text: str) -> None:
    found = forms.checked(text, Constraint(kind="regex", value="[^`]{1,9}"))
    assert found is None or re.fullmatch("[^`]{1,9}", found)


# Choices by their scores.


def likely(entries: list[dict[str, Any]], choices: list[str], text: str = "") -> Any:
    found = forms.probabilities(text, entries, choices)
    if found is not None:
        assert list(found) == choices
        assert sum(found.values()) == pytest.approx(1)
    return found


def test_scores_become_probabilities() -> None:
    top = [("await", math.log(0.6)), ("leave", math.log(0.2)), ("banana", math.log(0.2))]
    found = likely([scored("await", top)], CALLS)
    assert found == {"await": pytest.approx(0.75), "to_thread": 0.0, "leave": pytest.approx(0.25)}


def test_the_scores_count_and_not_the_token_that_was_drawn() -> None:
    found = likely([scored("leave", [("await", -0.1), ("leave", -3)])], CALLS, "leave")
    assert max(found, key=found.__getitem__) == "await"


@pytest.mark.parametrize("token", ["to", " to", "to_", "to_thread", "To", "TO", "`to", "t", '"to'])
def test_a_token_may_be_the_beginning_of_a_choice(token: str) -> None:
    assert likely([scored(token, [(token, -0.5)])], CALLS)["to_thread"] == 1


def test_several_tokens_of_the_same_choice_add_up() -> None:
    top = [("a", math.log(0.3)), (" Await", math.log(0.3)), ("leave", math.log(0.4))]
    assert likely([scored("a", top)], CALLS)["await"] == pytest.approx(0.6)


def test_tokens_that_say_nothing_come_before_the_choice() -> None:
    entries = [scored(each, [(each, -0.1), ("leave", -0.2)]) for each in ("`", "\n", " ", '"')]
    found = likely([*entries, scored("await", [("await", -0.1)])], CALLS)
    assert found["await"] == 1


def test_a_beginning_of_two_choices_says_nothing() -> None:
    both = ["bug", "bug free"]
    found = forms.probabilities("bug free", [scored("b", [("b", -0.1)])], both)
    assert found is None or found["bug free"] > 0


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("await", "await"),
        (" Await.\n", "await"),
        ("`to_thread`", "to_thread"),
        ('"leave"', "leave"),
        ("**leave**", "leave"),
        ("leave it as it is", "leave"),
    ],
)
@pytest.mark.parametrize(
    "entries",
    [
        [],
        [{}],
        [{"token": "await"}],
        [{"token": "x", "top_logprobs": None}],
        [{"token": "x", "top_logprobs": []}],
        [{"token": "x", "top_logprobs": [{"token": "banana", "logprob": -1}]}],
    ],
)
def test_without_scores_the_text_decides(
    text: str, choice: str, entries: list[dict[str, Any]]
) -> None:
    assert likely(entries, CALLS, text) == {each: float(each == choice) for each in CALLS}


@pytest.mark.parametrize("text", ["no bug", "No bug.", "no bug here"])
def test_a_choice_that_ends_like_another(text: str) -> None:
    assert likely([], BUGS, text) == {"no bug": 1, "bug": 0}


@pytest.mark.parametrize("text", ["", "banana", "awaiting", "I would await it", "to", "leave_it"])
def test_neither_scores_nor_text(text: str) -> None:
    assert forms.probabilities(text, [], CALLS) is None


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.none(), max_size=1)
)
TOKENS = st.sampled_from(["await", "to", " leave", "`", "", "banana", "no"]) | ODD
SCORES = st.floats(max_value=0) | st.sampled_from([10**400, -(10**400), -9999.0]) | ODD
TOPS = st.lists(st.fixed_dictionaries({"token": TOKENS, "logprob": SCORES}) | ODD) | ODD
ENTRIES = st.lists(st.fixed_dictionaries({"token": TOKENS, "top_logprobs": TOPS}))


@anything
@given(st.text() | st.sampled_from(CALLS), ENTRIES)
def test_any_scores_are_probabilities_or_nothing(text: str, entries: list[dict[str, Any]]) -> None:
    found = likely(entries, CALLS, text)
    assert found is None or all(0 <= each <= 1 for each in found.values())


@anything
@given(st.text() | st.text(alphabet='{}":answerbug o'))
def test_any_text_is_a_choice_or_none(text: str) -> None:
    assert forms.checked_choice(text, BUGS) in (None, *BUGS)
    assert forms.checked_choice(text + '{"answer": "bug"}', BUGS) in (None, "bug")


# What is asked for.


@pytest.mark.parametrize(
    "constraint",
    [
        None,
        JSON,
        Constraint(kind="regex", value="a"),
        Constraint(kind="choices", value=CALLS),
    ],
)
def test_the_last_variant_is_understood_everywhere(constraint: Constraint | None) -> None:
    assert forms.variants(constraint)[-1] == {}
    assert forms.choice_variants(CALLS)[-1] == {}
    json.dumps(forms.variants(constraint))


def test_the_words_name_the_form() -> None:
    assert json.dumps(SCHEMA) in forms.instruction(JSON)
    for choice in CALLS:
        assert choice in forms.instruction(Constraint(kind="choices", value=CALLS))
        assert choice in forms.choice_instruction(CALLS)
