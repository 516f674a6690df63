"""Which sequence of the context to use for a prompt, so that nothing is read twice.

A flat list of cached sequences, each with the tokens it holds. A prompt takes the one with the
longest common beginning: extended where all of it is wanted, branched where only a part is, and
the least recently used one is given up when there is none left. Knows tokens, not llama.cpp.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int32]


class Memory(Protocol):
    """The part of a context that sequences live in."""

    def length(self, sequence: int) -> int:
        """Tokens in a sequence."""

    def truncate(self, sequence: int, length: int) -> None:
        """Forget what a sequence holds from position `length` on."""

    def branch(self, source: int, target: int, length: int) -> None:
        """Make `target` begin with the first `length` tokens of `source`."""


@dataclass
class CachedSequence:
    """What one sequence of the context holds, and when it was last used."""

    id: int
    tokens: Tokens = field(default_factory=lambda: np.zeros(0, np.int32))
    last_used: int = 0


class PrefixCache:
    """The sequences of one context."""

    def __init__(self, memory: Memory, count: int) -> None:
        self._memory = memory
        self._sequences = [CachedSequence(i) for i in range(count)]
        self._clock = 0

    def acquire(self, prompt: Tokens) -> tuple[CachedSequence, int]:
        """A sequence that holds the longest known beginning of `prompt` and nothing else, and
        that beginning's length: less than `prompt`'s, as the last token must be decoded anew
        for its logits."""
        best = max(self._sequences, key=lambda s: (common_length(s.tokens, prompt), s.last_used))
        reused = min(common_length(best.tokens, prompt), len(prompt) - 1)
        chosen = best
        if reused < len(best.tokens) - 1:  # the rest of it may be asked for again: branch
            chosen = min(
                (s for s in self._sequences if s is not best or not reused),
                key=lambda s: (len(s.tokens) > 0, s.last_used),
                default=best,
            )
        if chosen is not best:
            self._memory.branch(best.id, chosen.id, reused)
        else:
            self._memory.truncate(best.id, reused)
        chosen.tokens = prompt[:reused].copy()
        self._touch(chosen)
        return chosen, reused

    def record(self, sequence: CachedSequence, tokens: Tokens) -> None:
        """`sequence` now holds as many of `tokens` as the memory says."""
        sequence.tokens = tokens[: self._memory.length(sequence.id)].copy()
        self._touch(sequence)

    def evict(self, keep: CachedSequence) -> bool:
        """Forget the least recently used sequence but `keep`. False if there is none."""
        used = [s for s in self._sequences if s is not keep and len(s.tokens)]
        if not used:
            return False
        oldest = min(used, key=lambda s: s.last_used)
        self._memory.truncate(oldest.id, 0)
        oldest.tokens = oldest.tokens[:0]
        return True

    def _touch(self, sequence: CachedSequence) -> None:
        self._clock += 1
        sequence.last_used = self._clock


def common_length(a: Tokens, b: Tokens) -> int:
    """How many leading tokens two sequences share."""
    size = min(len(a), len(b))
    different = np.flatnonzero(a[:size] != b[:size])
    return int(different[0]) if len(different) else size
