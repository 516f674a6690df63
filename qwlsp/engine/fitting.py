"""Fitted to this machine by measurement: how a model runs fastest on it, found out in idle time.

What is fast differs between processors: flash attention slows one down and speeds another up.
Each trial takes a second or three, is given up at once when somebody asks something, and the
result is kept for this machine and this model. One thing is varied at a time, the best kept.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from qwlsp.backends.llama import LLAMA_VERSION, Context
from qwlsp.engine.pace import Speed
from qwlsp.json_file import read_json, write_json

PREFILL_TOKENS = 256
DECODE_TOKENS = 16
DEPTH = 1024
"""Tokens before those that a trial writes: what is fast at the beginning may be slow then."""
NEWS = 0.1
"""Share by which the speed of reading must have changed to be written down."""
CLEARLY = 0.93
"""Share of the best time that a change must stay below: machines are noisy."""
READ_SHARE, WRITE_SHARE = 400, 100
"""Tokens read and written of a usual request: what a trial's time is made of."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How a model is run."""

    threads: int
    micro_batch: int = 256
    flash_attention: bool = True
    mapped: bool = True
    """Whether the file's pages are used in place. Where llama.cpp rearranges the weights for the
    processor, they would only lie in memory beside the copy."""


class FitStore:
    """The fits of one machine, in a small JSON file."""

    def __init__(self, path: Path, model: str) -> None:
        self._path = path
        self._key = f"{platform.machine()} {_processor()} {LLAMA_VERSION} {model}"

    def load(self) -> Fit | None:
        """The fit that was measured for this model on this machine, None if there is none."""
        kept = read_json(self._path).get(self._key)
        names = {f.name for f in fields(Fit)}
        if not isinstance(kept, dict) or kept.keys() != names:
            return None
        whole = all(isinstance(value, int) and value >= 0 for value in kept.values())
        return Fit(**kept) if whole and kept["threads"] and kept["micro_batch"] else None

    def save(self, fit: Fit) -> None:
        """Keep a fit; where that is not possible, it is measured again next time."""
        self._save(self._key, asdict(fit))

    def load_speed(self) -> Speed | None:
        """How fast this machine read this model lately, None if that is not known."""
        match read_json(self._path).get(f"{self._key} speed"):
            case [float(seconds), float(growth)] if 0 < seconds < 60 and 0 <= growth < 1:
                return Speed(seconds, growth)
        return None

    def save_speed(self, speed: Speed) -> None:
        """Keep how fast this machine reads, if that has changed."""
        kept = self.load_speed()
        lengths = (100, 10_000)  # tokens: a short prompt and a long one
        if kept is None or any(_differ(kept, speed, length) for length in lengths):
            self._save(f"{self._key} speed", list(speed))

    def _save(self, key: str, value: object) -> None:
        with suppress(OSError):
            write_json(self._path, {**read_json(self._path), key: value})


def _differ(one: Speed, other: Speed, length: int) -> bool:
    """Whether the two speeds of reading so many tokens differ by more than the noise."""
    before = one.duration(0, length)
    return abs(other.duration(0, length) - before) > NEWS * before


class Fitter:
    """Tries one fit after the other, a trial at each `step`."""

    def __init__(
        self,
        base: Fit,
        *,
        trial: Callable[[Fit], float],
        store: FitStore,
    ) -> None:
        self._best = base
        self._best_seconds: float | None = None
        self._trial = trial
        self._store = store
        self._candidates = self._all_candidates()
        self._next: Fit | None = base

    def step(self) -> bool:
        """Make one trial. False when there is nothing left to try. A trial that is stopped is
        made again with the next step; `trial` raises Stopped then."""
        if self._next is None:
            return False
        seconds = self._trial(self._next)
        if self._best_seconds is None or seconds < CLEARLY * self._best_seconds:
            self._best, self._best_seconds = self._next, seconds
        self._next = next(self._candidates, None)
        if self._next is None:
            self._store.save(self._best)
        return True

    def _all_candidates(self) -> Iterator[Fit]:
        """Each is a change to the best so far, so they are made only when it is known."""
        yield replace(self._best, flash_attention=not self._best.flash_attention)
        for micro_batch in (128, 512):
            yield replace(self._best, micro_batch=micro_batch)
        if self._best.threads > 1:
            yield replace(self._best, threads=self._best.threads - 1)


def measure(context: Context, token: int, check: Callable[[], None]) -> float:
    """Seconds that a usual request would take in `context`, which is empty. Raises Stopped."""
    began = time.perf_counter()
    for start in range(0, PREFILL_TOKENS, context.size.micro_batch):
        check()
        count = min(context.size.micro_batch, PREFILL_TOKENS - start)
        context.decode([token] * count, start=start)
    reading = (time.perf_counter() - began) / PREFILL_TOKENS
    # Copies of what was read lead to great depth for nothing; a token moves them to their places.
    state = context.save(0, PREFILL_TOKENS)
    for start in range(PREFILL_TOKENS, DEPTH, PREFILL_TOKENS):
        context.load(state, shift=start)
    context.decode([token], start=DEPTH)
    began = time.perf_counter()
    for position in range(DEPTH + 1, DEPTH + 1 + DECODE_TOKENS):
        check()
        context.decode([token], start=position)
    check()  # an aborted decode is no measurement
    writing = (time.perf_counter() - began) / DECODE_TOKENS
    return READ_SHARE * reading + WRITE_SHARE * writing


def _processor() -> str:
    """The processor's name, as far as the system tells."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
