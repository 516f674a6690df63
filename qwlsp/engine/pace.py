"""How fast the engine reads on this machine, learned while it reads.

What a token costs grows with the tokens before it: each layer compares it with all of them. So
the time for one token is taken to be `seconds * (1 + depth / DOUBLING_DEPTH)`, and only `seconds`,
the time of a token in an empty context, is learned.
"""

from __future__ import annotations

import math

DOUBLING_DEPTH = 4000
"""Tokens in the context at which reading one more takes twice as long as in an empty one. Of
Qwen2.5-0.5B on a CPU; with larger models, whose layers do more besides, it comes later."""
UNKNOWN = 1 / 100
"""Seconds a token, on a machine that has not read anything yet: a slow laptop's."""
MEMORY = 1000
"""Tokens after which an observation has lost two thirds of its weight."""
FEW = 8
"""Tokens: reading so few takes as long as writing them, which says nothing about many."""


class Pace:
    """The speed of reading. `seconds`: of a token in an empty context, if it is known already."""

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds

    @property
    def seconds(self) -> float:
        """Of a token in an empty context."""
        return self._seconds or UNKNOWN

    def observe(self, tokens: int, *, depth: int, seconds: float) -> None:
        """Take in that `tokens` behind `depth` others took so many seconds to read."""
        if tokens < FEW or seconds <= 0:
            return
        measured = seconds / (_cost(depth + tokens) - _cost(depth))
        weight = 1.0 if self._seconds is None else 1 - math.exp(-tokens / MEMORY)
        self._seconds = self.seconds + weight * (measured - self.seconds)

    def duration(self, start: int, end: int) -> float:
        """Seconds to read from token `start` to token `end` of a prompt."""
        return self.seconds * max(0.0, _cost(end) - _cost(start))

    def within(self, seconds: float) -> int:
        """Tokens of a prompt that are read from its beginning in so many seconds."""
        # The positive solution of `_cost(tokens) * self.seconds == seconds`.
        ratio = 2 * seconds / (self.seconds * DOUBLING_DEPTH)
        return int(DOUBLING_DEPTH * (math.sqrt(1 + ratio) - 1))


def _cost(tokens: int) -> float:
    """Of reading the first `tokens` of a prompt, in tokens of an empty context."""
    return tokens + tokens * tokens / (2 * DOUBLING_DEPTH)
