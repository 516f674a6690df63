"""Writes an answer behind a prompt that has been read: token by token, or several in one step.

Tokens that the required form leaves no choice about are not drawn at all. Drafted tokens are read
together with the last one written, and then drawn one after the other like all others: those that
come out as drafted need no reading any more. So drafts change how long an answer takes, but not
what it says, nor how often (but for ties, and for rounding that depends on how many are read).
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from qwlsp.backends.llama import Sampler
from qwlsp.engine.constraint import Matcher
from qwlsp.engine.drafting import Drafter
from qwlsp.engine.prefix import Tokens, common_length
from qwlsp.errors import EngineError

SCORED_AT_ONCE = 16
"""Tokens of a choice read in one step: their scores are kept until the next one."""


class OpenSequence(Protocol):
    """A sequence of the context that can be added to."""

    @property
    def tokens(self) -> Tokens:
        """All that it holds, the prompt first."""

    def extend(self, tokens: list[int] | Tokens, *, outputs: int = 1) -> None:
        """Read `tokens` at the end; scores are kept of the last `outputs`. Raises Stopped."""

    def logits(self, index: int = -1) -> npt.NDArray[np.float32]:
        """The scores of all tokens after one just read, writable; `index` counts from the end."""

    def draw(self, sampler: Sampler, index: int = -1) -> int:
        """The token that follows one just read."""

    def truncate(self, length: int) -> None:
        """Forget what it holds from position `length` on."""


class Writer:
    """One answer: `write` it, then see how it went."""

    def __init__(
        self,
        sequence: OpenSequence,
        *,
        sampler: Sampler,
        piece: Callable[[int], bytes],
        end_tokens: frozenset[int],
        max_tokens: int,
        matcher: Matcher | None = None,
        drafter: Drafter | None = None,
    ) -> None:
        """`sequence` has just read the prompt. `piece` gives the bytes of a token."""
        self.tokens = self.forced = self.drafted = self.accepted = 0
        """Tokens written, and how many of them the matcher forced; tokens drafted, and how many of
        them the model agreed with."""
        self.finish: Literal["stop", "length"] = "length"
        self.written: list[int] = []
        """The tokens themselves."""
        self._sequence = sequence
        self._sampler = sampler
        self._piece = piece
        self._end_tokens = end_tokens
        self._max_tokens = max_tokens
        self._matcher = matcher
        self._drafter = drafter

    def write(self) -> Iterator[str]:
        """The text, piece by piece. Raises Stopped, and EngineError where `max_tokens` are not
        enough for the required form."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for tokens in self._steps():
            if text := decoder.decode(b"".join(map(self._piece, tokens))):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text

    def _steps(self) -> Iterator[list[int]]:
        """The tokens that each step adds to the answer."""
        new = unread = self._forced()
        while True:
            self.tokens += len(new)
            self.written += new
            if self.tokens > self._max_tokens:  # forced ones can't be left out
                raise self._incomplete()
            yield new
            if self.finish == "stop":
                return
            if self.tokens == self._max_tokens:
                break
            draft = self._read(unread)
            new = self._draw(draft)
            agreed = common_length(np.array(new, np.int32), np.array(draft, np.int32))
            self.accepted += agreed
            if agreed < len(draft):
                self._sequence.truncate(len(self._sequence.tokens) - len(draft) + agreed)
            unread = new[agreed:]
        if self._matcher and not self._matcher.may_end:
            raise self._incomplete()

    def _forced(self) -> list[int]:
        """What must come next, and whether that is the end."""
        if self._matcher is None:
            return []
        tokens = self._matcher.forced()
        self.forced += len(tokens)
        if self._matcher.complete:
            self.finish = "stop"
        return tokens

    def _read(self, unread: list[int]) -> list[int]:
        """Read the end of the answer and a draft of what may follow; returns the draft."""
        if not unread:  # at the beginning: the prompt's scores are still there
            return []
        draft: list[int] = []
        if self._drafter:
            text = np.concatenate([self._sequence.tokens, np.array(unread, np.int32)])
            draft = self._drafter.draft(text)[: self._max_tokens - self.tokens - 1]
        if self._matcher:
            draft = draft[: self._matcher.allowed(draft)]
        self.drafted += len(draft)
        self._sequence.extend(unread + draft, outputs=1 + len(draft))
        return draft

    def _draw(self, draft: list[int]) -> list[int]:
        """The next tokens: as drafted up to a drawn one, and what it forces, that are not."""
        tokens: list[int] = []
        while self.finish != "stop" and tokens == draft[: len(tokens)]:
            index = len(tokens) - len(draft) - 1
            if self._matcher:
                self._matcher.mask(self._sequence.logits(index))
            token = self._sequence.draw(self._sampler, index)
            if token in self._end_tokens:
                self.finish = "stop"
                break
            tokens.append(token)
            if self._matcher:
                self._matcher.accept(token)
                tokens += self._forced()
        return tokens

    def _incomplete(self) -> EngineError:
        return EngineError(f"The answer was not complete after {self._max_tokens} tokens.")


def choose(
    sequence: OpenSequence, choices: Mapping[str, list[int]], end_tokens: frozenset[int]
) -> dict[str, float]:
    """The probability of each choice, given that the answer is one of them.

    It is the product of the model's probabilities of the choice's tokens, divided by the sum over
    all choices. Where a choice is the beginning of another one, the model's probability to end
    there is a factor of its product. Choices of one token cost nothing but a softmax; else each is
    read behind the prompt, all but its last token, and forgotten again. Raises Stopped, and
    EngineError where there is nothing to choose from.
    """
    if not choices or not all(choices.values()):
        raise EngineError("There must be at least one choice, and none may be empty.")
    scores = sequence.logits()  # gone as soon as more is read
    logs = np.array([_log_probability(scores, tokens[:1]) for tokens in choices.values()])
    for i, tokens in enumerate(choices.values()):
        followers = [[token] for token in tokens[1:]]
        if any(other != tokens and other[: len(tokens)] == tokens for other in choices.values()):
            followers.append([*end_tokens])
        logs[i] += _log_probability_of_rest(sequence, tokens, followers)
    weights = np.exp(logs - logs.max())
    return dict(zip(choices, (weights / weights.sum()).tolist(), strict=True))


def _log_probability_of_rest(
    sequence: OpenSequence, tokens: list[int], followers: list[list[int]]
) -> float:
    """Of one of `followers[i]` behind `tokens[i]`, for all i."""
    start = len(sequence.tokens)
    total = 0.0
    for at in range(0, len(followers), SCORED_AT_ONCE):
        part = followers[at : at + SCORED_AT_ONCE]
        sequence.extend(tokens[at : at + len(part)], outputs=len(part))
        for index, wanted in enumerate(part, start=-len(part)):
            total += _log_probability(sequence.logits(index), wanted)
    sequence.truncate(start)
    return total


def _log_probability(scores: npt.NDArray[np.float32], tokens: list[int]) -> float:
    """Of one of `tokens` to come next."""
    return _log_sum_exp(scores[tokens]) - _log_sum_exp(scores)


def _log_sum_exp(scores: npt.NDArray[np.float32]) -> float:
    largest = float(scores.max())
    return largest + math.log(np.exp(scores - largest, dtype=np.float64).sum())
