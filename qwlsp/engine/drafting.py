"""Guesses of the next tokens, copied from the text so far: rewritten code repeats most of it.

Prompt lookup decoding (A. Saxena, 2023): the last few tokens are looked up in the prompt and the
answer, and what followed there is the draft. A draft never changes an answer, since the model
checks it, all tokens in one step; but a step takes longer with each token it has to check. So the
length of a draft is chosen by what it is worth (Leviathan et al., "Fast Inference from
Transformers via Speculative Decoding", 2023), from the share of guesses that were right of late.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qwlsp.engine.prefix import Tokens, common_length

MATCH = 3
"""Tokens that must be the same before what follows them is copied."""
RESUME = 4
"""Tokens around an edit within which one equal token is enough to go on copying."""
MEMORY = 0.9
"""How much of the share of right guesses is left after one more guess."""


@dataclass
class Drafter:
    """Drafts for one answer."""

    token_cost: float = 0.45
    """The time that one more token adds to a step, in steps of one token. 0.45 was measured on two
    CPU cores; on a GPU it is next to nothing."""
    longest: int = 24
    """Tokens."""
    right: float = 0.8
    """The share of guesses that were right of late, counting those that were not worth a draft."""
    _source: int | None = None
    """Where what follows is copied from."""
    _length: int = 0
    """Tokens in the text when it was last seen."""
    _edit: int | None = None
    """Where the answer last stopped following its source."""

    def draft(self, tokens: Tokens) -> list[int]:
        """Tokens that may follow, often none. `tokens`: the prompt and the answer so far, which
        has grown since the last call."""
        self._compare(tokens)
        if self._source is None:
            self._source = find_source(tokens, self._edit)
        self._length = len(tokens)
        if self._source is None:
            return []
        end = self._source + best_length(self.right, self.token_cost, self.longest)
        copied: list[int] = tokens[self._source : end].tolist()
        return copied

    def _compare(self, tokens: Tokens) -> None:
        """Learn from what has come after all, whether it was drafted or not."""
        if self._source is None:
            return
        written = tokens[self._length :]
        guessed = tokens[self._source : self._length][: len(written)]
        agreed = common_length(guessed, written)
        self.right = 1 - (1 - self.right) * MEMORY**agreed
        if agreed < len(guessed):
            self.right *= MEMORY
        reached = self._source + agreed
        self._source = reached if agreed == len(written) else None
        self._edit = reached


def find_source(tokens: Tokens, edit: int | None) -> int | None:
    """The position in `tokens` to copy from next, None if there is none.

    After an edit at position `edit` of the source that is just behind it, where one token is
    equal again; else behind the last place where the same `MATCH` tokens stand.
    """
    if len(tokens) < MATCH:
        return None
    places = np.flatnonzero(tokens[:-1] == tokens[-1]) + 1
    if edit is not None:
        close = places[(edit < places) & (places <= edit + RESUME)]
        if len(close):
            return int(close[0])
    places = places[places >= MATCH]
    for back in range(2, MATCH + 1):
        places = places[tokens[places - back] == tokens[-back]]
    return int(places[-1]) if len(places) else None


def best_length(right: float, token_cost: float, longest: int) -> int:
    """The length of draft, at most `longest`, that gives most tokens for the time of a step.

    With a share of `right` guesses, a draft of n tokens gives 1 + right + ... + right**n tokens,
    the model's own one included, for the time of 1 + n * token_cost steps.
    """
    lengths = np.arange(longest + 1)
    tokens = np.cumsum(right**lengths)
    return int(np.argmax(tokens / (1 + lengths * token_cost)))
