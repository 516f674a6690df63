"""Answers of a required form: which tokens may come next, by a grammar.

llguidance compiles JSON schemas and regular expressions to automata over the model's vocabulary.
The scores of all tokens that would break the form are set to minus infinity before one is drawn,
and what the form leaves no choice about is written without asking the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper

from qwlsp.engine.messages import Constraint
from qwlsp.errors import EngineError


class Vocabulary(Protocol):
    """What a grammar must know of a model."""

    end_tokens: frozenset[int]

    def pieces(self) -> list[bytes]:
        """The bytes of every token."""

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """The tokens of a text."""


class Grammars:
    """Compiles constraints for one vocabulary.

    The vocabulary is made ready when the first constraint comes: for Qwen2's 151,936 tokens that
    takes a second and 60 MB.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def matcher(self, constraint: Constraint) -> Matcher:
        """The state of a new answer. Raises EngineError with llguidance's reason where the schema
        or expression can't be used."""
        matcher = LLMatcher(
            self._tokenizer,
            _grammar(constraint),
            log_level=0,
            limits=LLParserLimits(verbose_errors=False),
        )
        _check(matcher)
        return Matcher(matcher)

    @cached_property
    def _tokenizer(self) -> LLTokenizer:
        ends = sorted(self._vocabulary.end_tokens)
        return LLTokenizer(TokenizerWrapper(_Tokenizer(self._vocabulary)), eos_token=ends)


class Matcher:
    """How far an answer has come in its grammar. Raises EngineError when llguidance gives up."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher

    @property
    def complete(self) -> bool:
        """Whether nothing more can follow."""
        return self._matcher.is_stopped()

    @property
    def may_end(self) -> bool:
        """Whether the answer so far has the required form."""
        return self._matcher.is_accepting()

    def mask(self, scores: npt.NDArray[np.float32]) -> None:
        """Set the scores of all tokens that may not come next to minus infinity, in place; at
        least one is left. End tokens stay where the answer may end."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        _check(self._matcher)
        allowed = np.unpackbits(bits, count=len(scores), bitorder="little")
        np.putmask(scores, allowed == 0, -np.inf)

    def accept(self, token: int) -> None:
        """Go on past a token."""
        self._matcher.consume_token(token)
        _check(self._matcher)

    def allowed(self, tokens: Sequence[int]) -> int:
        """How many of these tokens could follow, one after the other."""
        return self._matcher.validate_tokens(list(tokens))

    def forced(self) -> list[int]:
        """Go on past the tokens that must come next whatever the model says, and return them.
        The last ones are left out where the model may join them with what follows."""
        tokens: list[int] = self._matcher.compute_ff_tokens()
        self._matcher.consume_tokens(tokens)
        _check(self._matcher)
        return tokens


class _Tokenizer:
    """The vocabulary in the shape that llguidance asks for."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.tokens = vocabulary.pieces()
        self.eos_token_id = min(vocabulary.end_tokens)
        self.bos_token_id = None
        self._tokenize = vocabulary.tokenize

    def __call__(self, text: bytes) -> list[int]:
        return self._tokenize(text.decode(), special=False)


def _grammar(constraint: Constraint) -> str:
    if constraint.kind == "regex":
        return LLMatcher.grammar_from_regex(str(constraint.value))
    assert isinstance(constraint.value, dict)
    # Without white space almost everything but the values is forced. A schema may say otherwise.
    return LLMatcher.grammar_from_json_schema(
        constraint.value, defaults={"whitespace_flexible": False}
    )


def _check(matcher: LLMatcher) -> None:
    if matcher.is_error():
        reason = " ".join(matcher.get_error().replace("<non-verbose/>", "").split())
        raise EngineError(f"The answer can't be given the required form: {reason}.")
