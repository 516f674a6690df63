"""The working memory: one llama.cpp context, what its sequences hold, and room for more.

A prompt is opened as a sequence that already holds its longest known beginning: from the context,
or from disk after a restart. Making room is this module's business: the least recently used
sequences go first, and the context is made anew and larger where one prompt needs more, with what
it held carried over.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from qwlsp.backends.llama import DECODE_ABORTED, DECODE_FULL, Context, Sampler
from qwlsp.engine.archive import Archive
from qwlsp.engine.prefix import CachedSequence, PrefixCache, Tokens, common_length
from qwlsp.errors import EngineError

WORTH_LOADING = 64
"""Tokens: reading so few is as quick as loading them from disk."""
WORTH_SAVING = 200
ALREADY_SAVED = 0.9
"""Share of a sequence that lies on disk as the beginning of another one."""


class OpenSequence:
    """A sequence that is being read into and written to. `tokens` is all that it holds."""

    def __init__(self, memory: WorkingMemory, context: Context, cached: CachedSequence) -> None:
        self._memory = memory
        self._context = context
        self._cached = cached

    @property
    def tokens(self) -> Tokens:
        """What it holds, the prompt first."""
        return self._cached.tokens

    def extend(self, tokens: list[int] | Tokens, *, outputs: int = 1) -> None:
        """Decode `tokens` at the end, which may be more than one batch; scores are kept of the
        last `outputs` (none: what is only read costs less). Raises Stopped, and EngineError when
        there is no room."""
        new = np.asarray(tokens, np.int32)
        end = len(self.tokens) + len(new)
        while len(self.tokens) < end:
            self._memory.check()
            rest = new[len(self.tokens) - end :]
            batch, scored = rest, outputs
            if len(rest) > self._context.size.batch:  # the last batch must hold all outputs
                batch = rest[: min(self._context.size.batch, len(rest) - outputs)]
                scored = 0
            status = self._context.decode(
                batch,
                start=len(self.tokens),
                sequence=self._cached.id,
                outputs=scored,
            )
            if status == DECODE_FULL:
                self._memory.evict(self._cached)
            # An aborted decode keeps its first micro-batches: only the memory knows how many.
            stopped = status in (DECODE_ABORTED, DECODE_FULL)
            length = self._context.length(self._cached.id) if stopped else None
            added = len(batch) if length is None else length - len(self.tokens)
            self._cached.tokens = np.concatenate([self.tokens, batch[:added]])

    def logits(self, index: int = -1) -> npt.NDArray[np.float32]:
        """The scores after the last decode, writable, counted from the end."""
        return self._context.logits(index)

    def draw(self, sampler: Sampler, index: int = -1) -> int:
        """Draw the token that follows."""
        return sampler.draw(self._context, index)

    def truncate(self, length: int) -> None:
        """Forget what it holds from position `length` on."""
        self._context.truncate(self._cached.id, length)
        self._cached.tokens = self.tokens[:length]


class WorkingMemory:
    """The context and its sequences. `make_context(tokens)` makes one of at least that size."""

    def __init__(
        self,
        make_context: Callable[[int], Context],
        *,
        check: Callable[[], None],
        archive: Archive | None,
    ) -> None:
        self._make_context = make_context
        self.check = check
        """Raises Stopped if the running job must stop."""
        self._archive = archive
        self._context: Context | None = None
        self._cache: PrefixCache | None = None

    def open(self, prompt: Tokens, *, room: int) -> OpenSequence:
        """A sequence that holds the longest known beginning of `prompt`, but not all of it, in a
        context with room for `room` tokens in all."""
        context, cache = self._context_for(room)
        self._restore(prompt, context, cache)
        return OpenSequence(self, context, cache.acquire(prompt))

    def holds(self, prompt: Tokens) -> bool:
        """Whether all of `prompt` is in the context."""
        return self._cache is not None and self._cache.known(prompt) == len(prompt)

    def touch(self, prompt: Tokens) -> None:
        """Count `prompt` as used just now, so that it is given up last and saved first."""
        if self._cache is not None:
            self._cache.touch(prompt)

    def known(self, prompt: Tokens) -> int:
        """How many leading tokens of `prompt` need no reading: they are in the context or on
        disk."""
        in_context = self._cache.known(prompt) if self._cache is not None else 0
        on_disk = self._archive.find(prompt)[1] if self._archive is not None else 0
        return max(in_context, on_disk)

    def close(self) -> None:
        """Free the context."""
        if self._context is not None:
            self._context.close()
        self._context = self._cache = None

    def evict(self, keep: CachedSequence) -> None:
        """Give up the least recently used sequence. Raises EngineError if none is left."""
        if self._cache is None or not self._cache.evict(keep):
            raise EngineError("The context is full.")

    def save_one(self) -> bool:
        """Save one sequence to disk that is not there yet. False if there is none."""
        if self._context is None or self._cache is None or self._archive is None:
            return False
        for cached in self._cache.newest_first():
            size = len(cached.tokens)
            if cached.saved or size < WORTH_SAVING:
                continue
            cached.saved = True
            if self._archive.find(cached.tokens)[1] < ALREADY_SAVED * size:
                self._archive.save(cached.tokens, self._context.save(cached.id))
                return True
        return False

    def _restore(self, prompt: Tokens, context: Context, cache: PrefixCache) -> None:
        """Load what lies on disk of `prompt`, if that is more than what is in the context."""
        if self._archive is None:
            return
        file, length = self._archive.find(prompt)
        if file is None or length < cache.known(prompt) + WORTH_LOADING:
            return
        loaded = self._archive.load(file)
        if loaded is None:
            return
        tokens, state = loaded
        cached = cache.least_recent()
        context.truncate(cached.id, 0)
        cached.tokens = cached.tokens[:0]
        while not context.load(cached.id, state):
            if not cache.evict(cached):
                return
        cache.put(cached, tokens)
        cached.saved = True

    def _context_for(self, tokens: int) -> tuple[Context, PrefixCache]:
        """The context, made anew and larger where it is too small."""
        if self._context is None or self._cache is None:
            self._context = self._make_context(tokens)
            self._cache = PrefixCache(self._context, self._context.size.sequences)
        elif self._context.size.tokens < tokens:
            self._context, self._cache = self._grown(self._context, self._cache, tokens)
        return self._context, self._cache

    def _grown(
        self, context: Context, cache: PrefixCache, tokens: int
    ) -> tuple[Context, PrefixCache]:
        # What a later one shares with an earlier one was one piece of memory, and stays one.
        carried = [(c.tokens, context.save(c.id)) for c in _distinct(cache.newest_first())]
        context.close()
        self._context = self._cache = None  # should there be no memory for the new one
        larger = self._make_context(tokens)
        new_cache = PrefixCache(larger, larger.size.sequences)
        for held, state in reversed(carried):
            target = new_cache.least_recent()
            if larger.load(target.id, state):
                new_cache.put(target, held)
        return larger, new_cache


def _distinct(sequences: list[CachedSequence]) -> list[CachedSequence]:
    """Those that share less than half with one before them."""
    kept: list[CachedSequence] = []
    for sequence in sequences:
        shared = max((common_length(sequence.tokens, other.tokens) for other in kept), default=0)
        if len(sequence.tokens) > 2 * shared:
            kept.append(sequence)
    return kept
