"""What has been read before, parked beside the context, so that nothing is read twice.

A tree of saved stretches: each stands behind the one that it continues, and prompts that branch
off share those before the branch (as in SGLang's RadixAttention, but a stretch is never split).
The least recently used ones go first. Knows tokens and bytes, not llama.cpp.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int32]


@dataclass(eq=False)
class Stretch:
    """A saved piece of a sequence: what follows all that `before` holds."""

    tokens: Tokens
    """All of the sequence, from its beginning to the end of this stretch."""
    state: bytearray
    """Of the positions from `start` on."""
    before: Stretch | None = None
    last_used: int = 0
    """Counts uses, not seconds."""

    @property
    def start(self) -> int:
        """The position of its first token."""
        return len(self.before.tokens) if self.before else 0

    @property
    def length(self) -> int:
        """Tokens of its own."""
        return len(self.tokens) - self.start

    def path(self) -> list[Stretch]:
        """What must be loaded, in order, to have all of `tokens`."""
        path = [self]
        while path[-1].before is not None:
            path.append(path[-1].before)
        return path[::-1]


class PrefixTree:
    """Stretches of at most `max_tokens` tokens in all."""

    def __init__(self, max_tokens: int) -> None:
        self.max_tokens = max_tokens
        self._stretches: list[Stretch] = []
        self._clock = 0

    def __iter__(self) -> Iterator[Stretch]:
        """The most recently used ones first; of those used together, the one behind the others."""
        return iter(sorted(self._stretches, key=lambda s: (-s.last_used, -len(s.path()))))

    def __contains__(self, stretch: Stretch) -> bool:
        return stretch in self._stretches

    def find(self, prompt: Tokens) -> tuple[Stretch | None, int]:
        """The stretch whose sequence begins like `prompt` for longest, and how many tokens that
        is; None and 0 if there is none."""
        best: tuple[Stretch | None, int] = None, 0
        for stretch in sorted(self._stretches, key=lambda s: len(s.tokens)):
            length = common_length(stretch.tokens, prompt)
            if length > best[1]:  # of equal ones the shortest: nothing is loaded in vain
                best = stretch, length
        return best

    def find_before(self, prompt: Tokens) -> Stretch | None:
        """The longest sequence that `prompt` begins with as a whole."""
        whole = (s for s in self._stretches if common_length(s.tokens, prompt) == len(s.tokens))
        return max(whole, key=lambda s: len(s.tokens), default=None)

    def add(self, stretch: Stretch) -> Stretch:
        """Keep a stretch, the one used last, and return it; or the one kept already that ends the
        same sequence. It is not kept where there is no room for all that it stands behind."""
        known = self.find_before(stretch.tokens)
        if known is not None and len(known.tokens) == len(stretch.tokens):
            self.use(known)
            return known
        if len(stretch.tokens) <= self.max_tokens:
            self._stretches.append(stretch)
            self.use(stretch)
            self.shrink(self.max_tokens)
        return stretch

    def use(self, stretch: Stretch) -> None:
        """Count a stretch as used just now, and so all that it stands behind."""
        self._clock += 1
        for each in stretch.path():
            each.last_used = self._clock

    def shrink(self, max_tokens: int) -> None:
        """Forget the least recently used stretches, until `max_tokens` are enough."""
        self.max_tokens = max_tokens
        total = sum(stretch.length for stretch in self._stretches)
        # What others stand behind was used no less recently than they were, and goes after them.
        for stretch in sorted(self._stretches, key=lambda s: (s.last_used, -len(s.path()))):
            if total <= max_tokens:
                return
            self._stretches.remove(stretch)
            total -= stretch.length


def common_length(a: Tokens, b: Tokens) -> int:
    """How many leading tokens two sequences share."""
    size = min(len(a), len(b))
    different = np.flatnonzero(a[:size] != b[:size])
    return int(different[0]) if len(different) else size
