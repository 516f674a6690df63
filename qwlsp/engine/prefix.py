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

    def truncate(self, sequence: int, length: int) -> None:
        """Forget what a sequence holds from position `length` on."""

    def branch(self, source: int, target: int, length: int) -> None:
        """Make `target` begin with the first `length` tokens of `source`."""


@dataclass
class CachedSequence:
    """What one sequence of the context holds; `last_used` counts uses, not seconds."""

    id: int
    tokens: Tokens = field(default_factory=lambda: np.zeros(0, np.int32))
    last_used: int = 0
    saved: bool = False
    """Whether it need not be looked at again for saving it to disk."""


class PrefixCache:
    """The sequences of one context."""

    def __init__(self, memory: Memory, count: int) -> None:
        self._memory = memory
        self._sequences = [CachedSequence(i) for i in range(count)]
        self._clock = 0

    def known(self, prompt: Tokens) -> int:
        """How many leading tokens of `prompt` some sequence holds."""
        return max(common_length(s.tokens, prompt) for s in self._sequences)

    def acquire(self, prompt: Tokens) -> CachedSequence:
        """A sequence that holds the longest known beginning of `prompt` and nothing else: never
        all of it, as the last token must be decoded anew for its scores."""
        best = max(
            self._sequences,
            key=lambda s: (common_length(s.tokens, prompt), -len(s.tokens), s.last_used),
        )
        reused = min(common_length(best.tokens, prompt), len(prompt) - 1)
        chosen = best
        if reused < len(best.tokens) - 1:  # the rest of it may be asked for again: branch
            others = [s for s in self._sequences if s is not best or not reused]
            chosen = self.least_recent(others or [best])
        if chosen is best:
            self._memory.truncate(best.id, reused)
        else:
            self._memory.branch(best.id, chosen.id, reused)
        self.put(chosen, prompt[:reused].copy())
        return chosen

    def put(self, sequence: CachedSequence, tokens: Tokens) -> None:
        """`sequence` now holds `tokens` and is the most recently used one."""
        self._clock += 1
        sequence.tokens, sequence.last_used, sequence.saved = tokens, self._clock, False

    def touch(self, prompt: Tokens) -> None:
        """Count what holds all of `prompt` as used just now."""
        for sequence in self._sequences:
            if common_length(sequence.tokens, prompt) == len(prompt):
                self._clock += 1
                sequence.last_used = self._clock

    def least_recent(self, among: list[CachedSequence] | None = None) -> CachedSequence:
        """An empty sequence, else the least recently used one."""
        return min(among or self._sequences, key=lambda s: (len(s.tokens) > 0, s.last_used))

    def newest_first(self) -> list[CachedSequence]:
        """The sequences that hold something."""
        used = [s for s in self._sequences if len(s.tokens)]
        return sorted(used, key=lambda s: -s.last_used)

    def evict(self, keep: CachedSequence) -> bool:
        """Forget the least recently used sequence but `keep`. False if there is none."""
        used = [s for s in self._sequences if s is not keep and len(s.tokens)]
        if not used:
            return False
        oldest = min(used, key=lambda s: s.last_used)
        self._memory.truncate(oldest.id, 0)
        oldest.tokens = oldest.tokens[:0]
        return True


def common_length(a: Tokens, b: Tokens) -> int:
    """How many leading tokens two sequences share."""
    size = min(len(a), len(b))
    different = np.flatnonzero(a[:size] != b[:size])
    return int(different[0]) if len(different) else size
