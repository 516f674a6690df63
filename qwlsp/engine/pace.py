"""How fast the engine reads on this machine, learned while it reads.

What a token costs grows with the tokens before it, as each layer compares it with all of them: a
straight line over the depth. Both its ends are learned, by least squares over what was read
lately; as long as little was read at other depths, the growth is taken to be in proportion to what
it was before (ridge regression towards that).
"""

from __future__ import annotations

import math
from typing import NamedTuple

MEMORY = 3000
"""Tokens after which an observation has lost two thirds of its weight."""
TRUST = 250
"""Tokens: as much as so many observed ones, the growth known before counts."""
FEW = 8
"""Tokens: reading so few takes as long as writing them, which says nothing about many."""
REACH = 300
"""Tokens of depth over which a growth is compared with the one known before."""


class Speed(NamedTuple):
    """What it costs to read a token."""

    seconds: float
    """Behind no other tokens."""
    growth: float
    """Seconds more for every token before it."""

    def duration(self, start: int, end: int) -> float:
        """Seconds to read from token `start` to token `end` of a prompt."""
        if end <= start:
            return 0.0
        return (end - start) * (self.seconds + self.growth * (start + end) / 2)

    def within(self, seconds: float) -> int:
        """Tokens of a prompt that are read from its beginning in so many seconds."""
        # The positive solution of `duration(0, tokens) == seconds`, in the form that also holds
        # without growth.
        root = math.sqrt(self.seconds**2 + 2 * self.growth * seconds)
        return int(2 * seconds / (self.seconds + root))


UNKNOWN = Speed(1 / 100, 1 / 100 / 4000)
"""Of a machine that has not read anything yet: a slow laptop's. The growth is that of Qwen2.5-0.5B
on a CPU; it is less with larger models, whose layers do more besides."""


class Pace:
    """Learns the speed of reading. `known`: what it was the last time."""

    def __init__(self, known: Speed | None = None) -> None:
        before = known or UNKNOWN
        self.speed = before
        self._proportion = before.growth / before.seconds
        # Weighted sums over the observations: of one, depth, depth squared, time, time x depth.
        weight = TRUST if known else 0.0
        self._weight, self._depth, self._squares = weight, 0.0, 0.0
        self._time, self._moment = weight * before.seconds, 0.0

    def observe(self, tokens: int, *, depth: int, seconds: float) -> None:
        """Take in that `tokens` behind `depth` others took so many seconds to read."""
        if tokens < FEW or seconds <= 0:
            return
        keep, middle, each = math.exp(-tokens / MEMORY), depth + tokens / 2, seconds / tokens
        self._weight = keep * self._weight + tokens
        self._depth = keep * self._depth + tokens * middle
        self._squares = keep * self._squares + tokens * middle * middle
        self._time = keep * self._time + tokens * each
        self._moment = keep * self._moment + tokens * each * middle
        self.speed = self._fitted()

    def _fitted(self) -> Speed:
        """The line with the least squared error; it never falls, and never starts below zero."""
        ridge = TRUST * REACH**2
        a = self._weight + ridge * self._proportion**2
        b = self._depth - ridge * self._proportion
        d = self._squares + ridge
        determinant = a * d - b * b
        seconds = (d * self._time - b * self._moment) / determinant
        growth = (a * self._moment - b * self._time) / determinant
        if growth < 0:
            return Speed(self._time / self._weight, 0.0)
        if seconds <= 0:
            return self._in_proportion()
        return Speed(seconds, growth)

    def _in_proportion(self) -> Speed:
        """The line whose growth is to its start as it was before."""
        p = self._proportion
        above = self._time + p * self._moment
        seconds = above / (self._weight + 2 * p * self._depth + p * p * self._squares)
        return Speed(seconds, p * seconds)
