"""Grammars: what may come next, what must, and which schemas and expressions are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qwlsp.backends.llama import Model
from qwlsp.engine.constraint import Grammars, Matcher
from qwlsp.engine.messages import Constraint
from qwlsp.errors import EngineError

Compile = Callable[[dict[str, Any] | str], Matcher]


@pytest.fixture(scope="module")
def grammars(model: Model) -> Grammars:
    return Grammars(model)


@pytest.fixture
def compiled(grammars: Grammars) -> Compile:
    def compile_(value: dict[str, Any] | str) -> Matcher:
        kind = "regex" if isinstance(value, str) else "json_schema"
        return grammars.matcher(Constraint(kind=kind, value=value))

    return compile_


def following(model: Model, matcher: Matcher) -> set[int]:
    """The tokens that a mask leaves."""
    scores = np.zeros(model.vocabulary_size, np.float32)
    matcher.mask(scores)
    assert set(np.unique(scores)) <= {0, -np.inf}
    return set(np.flatnonzero(scores == 0).tolist())


def test_a_mask_leaves_what_the_form_allows(model: Model, compiled: Compile) -> None:
    matcher = compiled("(yes|no)")
    pieces = {model.piece(token) for token in following(model, matcher)}
    assert b"n" in pieces and b"y" in pieces
    assert all(b"yes".startswith(piece) or b"no".startswith(piece) for piece in pieces)


def test_an_answer_may_end_only_in_the_required_form(model: Model, compiled: Compile) -> None:
    matcher = compiled("a+")
    assert not matcher.may_end
    assert not following(model, matcher) & model.end_tokens
    [a] = model.tokenize("a", special=False)
    matcher.accept(a)
    assert matcher.may_end and not matcher.complete
    assert following(model, matcher) > model.end_tokens


def test_no_control_token_is_part_of_an_answer(model: Model, compiled: Compile) -> None:
    left = following(model, compiled(r"(?s:.*)"))
    [start] = model.tokenize("<|im_start|>", special=True)
    assert start not in left
    assert model.end_tokens < left


def test_forced_tokens_are_passed_at_once(model: Model, compiled: Compile) -> None:
    matcher = compiled("return (is|in)")
    assert matcher.forced() == model.tokenize("return", special=False)
    assert matcher.forced() == []
    left = {model.piece(token) for token in following(model, matcher)}
    assert left == {b" ", b" i", b" is", b" in"}  # why the blank was not forced


def test_an_answer_without_any_choice_is_forced_to_its_end(model: Model, compiled: Compile) -> None:
    matcher = compiled("return None")
    assert matcher.forced() == model.tokenize("return None", special=False)
    assert matcher.complete and matcher.may_end


def test_json_is_written_without_white_space(model: Model, compiled: Compile) -> None:
    matcher = compiled({"type": "array", "items": {"const": "a"}, "minItems": 2, "maxItems": 2})
    assert b"".join(map(model.piece, matcher.forced())) == b'["a","a"]'


def test_a_schema_may_ask_for_white_space(model: Model, compiled: Compile) -> None:
    matcher = compiled({"const": [1], "x-guidance": {"whitespace_flexible": True}})
    matcher.forced()
    assert b"\n" in {model.piece(token) for token in following(model, matcher)}


def test_allowed_counts_up_to_the_first_token_that_does_not_fit(
    model: Model, compiled: Compile
) -> None:
    matcher = compiled("ab*c")
    tokens = [model.tokenize(letter, special=False)[0] for letter in "abbxc"]
    assert matcher.allowed(tokens) == 3
    assert matcher.allowed([]) == 0
    matcher.accept(tokens[0])
    assert matcher.allowed(tokens[1:]) == 2  # and asking changed nothing
    assert not matcher.may_end


def test_matchers_of_one_constraint_are_independent(model: Model, compiled: Compile) -> None:
    one, other = compiled("[ab]c"), compiled("[ab]c")
    one.accept(model.tokenize("a", special=False)[0])
    assert {model.piece(token) for token in following(model, other)} == {b"a", b"b"}


def test_a_token_that_breaks_the_form_is_an_error(model: Model, compiled: Compile) -> None:
    matcher = compiled("[ab]")
    with pytest.raises(EngineError, match=r"^The answer can't be given the required form: "):
        matcher.accept(model.tokenize("x", special=False)[0])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a[", "unclosed character class"),
        ("(?=a)b", "look-around"),
        ({"type": "objekt"}, "Invalid type: objekt"),
        ({"$ref": "#/definitions/none"}, "does not exist"),
        ({"type": "string", "not": {"const": "a"}}, r"\["),
        ({"type": "integer", "minimum": 5, "maximum": 2}, "minimum .5. is greater than maximum"),
    ],
    ids=str,
)
def test_what_can_not_be_used_is_refused_with_the_reason(
    compiled: Compile, value: dict[str, Any] | str, reason: str
) -> None:
    with pytest.raises(EngineError, match=rf"^[^\n]*{reason}[^\n]*\.$"):
        compiled(value)


def test_a_schema_nested_too_deep_is_refused(compiled: Compile) -> None:
    schema = json.loads('{"items":' * 500 + "{}" + "}" * 500)
    with pytest.raises(EngineError, match="recursion limit"):
        compiled(schema)


def test_a_form_that_nothing_has_is_an_error(model: Model, compiled: Compile) -> None:
    matcher = compiled(r"a[^\s\S]")
    with pytest.raises(EngineError, match="can't be given the required form"):
        following(model, matcher)


def test_the_vocabulary_is_made_ready_only_once_and_on_need(model: Model) -> None:
    class Counted:
        end_tokens = model.end_tokens
        made = 0

        def pieces(self) -> list[bytes]:
            self.made += 1
            return model.pieces()

        def tokenize(self, text: str, *, special: bool) -> list[int]:
            return model.tokenize(text, special=special)

    vocabulary = Counted()
    grammars = Grammars(vocabulary)
    assert vocabulary.made == 0
    for _ in range(2):
        grammars.matcher(Constraint(kind="regex", value="a"))
    assert vocabulary.made == 1
