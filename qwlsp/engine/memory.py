"""The working memory: one llama.cpp context, and beside it what has been read before.

llama.cpp compares each token with every cell of a context, whosever it is, so the context holds
one sequence only: that of the prompt at work. When another prompt comes, what both begin with
stays, the rest is parked in memory (`prefix`) and what is known of the new one is brought back:
four milliseconds for 2,000 tokens, which take ten seconds to read. What was saved to disk
(`archive`) survives the editor. The context is made anew and larger where one prompt needs more.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from qwlsp.backends.llama import DECODE_ABORTED, DECODE_FULL, Context, Sampler
from qwlsp.engine.archive import Archive
from qwlsp.engine.prefix import PrefixTree, Stretch, Tokens, common_length
from qwlsp.errors import EngineError

PARKED_TOKENS = 8192
"""Parked at most; half as many beside a large context."""
LARGE_CONTEXT = 16_384
"""Tokens."""
WORTH_MOVING = 8
"""Tokens: reading so few is as quick as bringing them back."""
WORTH_LOADING = 64
"""Tokens: reading so few is as quick as loading them from disk."""
WORTH_SAVING = 200
ALREADY_SAVED = 0.9
"""Share of a sequence that lies on disk as the beginning of another one."""


class OpenSequence:
    """The sequence at work: read into and written to. `tokens` is all that it holds."""

    def __init__(self, context: Context, check: Callable[[], None]) -> None:
        self.tokens: Tokens = np.zeros(0, np.int32)
        self._context = context
        self._check = check

    def extend(self, tokens: list[int] | Tokens, *, outputs: int = 1) -> None:
        """Decode `tokens` at the end, which may be more than one batch; scores are kept of the
        last `outputs` (none: what is only read costs less). Raises Stopped, and EngineError when
        there is no room."""
        new = np.asarray(tokens, np.int32)
        end = len(self.tokens) + len(new)
        while len(self.tokens) < end:
            self._check()
            rest = new[len(self.tokens) - end :]
            batch, scored = rest, outputs
            if len(rest) > self._context.size.batch:  # the last batch must hold all outputs
                batch = rest[: min(self._context.size.batch, len(rest) - outputs)]
                scored = 0
            status = self._context.decode(batch, start=len(self.tokens), outputs=scored)
            if status == DECODE_FULL:
                raise EngineError("The context is full.")
            # An aborted decode keeps its first micro-batches: only the context knows how many.
            added = len(batch)
            if status == DECODE_ABORTED:
                added = self._context.length - len(self.tokens)
            self.tokens = np.concatenate([self.tokens, batch[:added]])

    def logits(self, index: int = -1) -> npt.NDArray[np.float32]:
        """The scores after the last decode, writable, counted from the end."""
        return self._context.logits(index)

    def draw(self, sampler: Sampler, index: int = -1) -> int:
        """Draw the token that follows."""
        return sampler.draw(self._context, index)

    def truncate(self, length: int) -> None:
        """Forget what it holds from position `length` on."""
        self._context.truncate(length)
        self.tokens = self.tokens[:length]

    def save(self, before: Stretch | None, end: int) -> Stretch:
        """What it holds up to position `end`, saved to stand behind `before`, which it begins
        with."""
        start = len(before.tokens) if before else 0
        return Stretch(self.tokens[:end].copy(), self._context.save(start, end), before)

    def load(self, sequence: Stretch) -> None:
        """Hold what `sequence` holds, as far as there is room for it. Stretches that both begin
        with stay."""
        have = common_length(self.tokens, sequence.tokens)
        for stretch in sequence.path():
            end = len(stretch.tokens)
            if end <= have:
                continue
            self.truncate(stretch.start)
            if not self._context.load(stretch.state):
                return
            if self._context.length != end:  # a state of something else
                self.truncate(0)
                return
            self.tokens = stretch.tokens


class WorkingMemory:
    """The context and what is parked. `make_context(tokens)` makes one of at least that size, and
    `parked_tokens` are parked at most: none where the model's states are not whole."""

    def __init__(
        self,
        make_context: Callable[[int], Context],
        *,
        check: Callable[[], None],
        archive: Archive | None,
        parked_tokens: int | None = None,
    ) -> None:
        self._make_context = make_context
        self.check = check
        """Raises Stopped if the running job must stop."""
        self._archive = archive
        self._offered: set[int] = set()
        """Hashes of the sequences that the archive was given, whether it could keep them or not."""
        self._parked_tokens = PARKED_TOKENS if parked_tokens is None else parked_tokens
        self._parked = PrefixTree(self._parked_tokens)
        self._context: Context | None = None
        self._sequence: OpenSequence | None = None

    def open(self, prompt: Tokens, *, room: int) -> OpenSequence:
        """The sequence at work, which now holds the longest known beginning of `prompt`, but not
        all of it, with room for `room` tokens in all."""
        sequence = self._sequence_for(room)
        have = self._bring(sequence, prompt)
        self._cut(sequence, min(have, len(prompt) - 1))
        return sequence

    def holds(self, prompt: Tokens) -> bool:
        """Whether all of `prompt` is in memory."""
        return self._in_memory(prompt) == len(prompt)

    def touch(self, prompt: Tokens) -> None:
        """Put `prompt`, all of which is in memory, to work: it is needed soon."""
        self._bring(self._sequence_for(len(prompt)), prompt)

    def known(self, prompt: Tokens) -> int:
        """How many leading tokens of `prompt` need no reading: they are in memory or on disk."""
        on_disk = self._archive.find(prompt)[1] if self._archive is not None else 0
        return max(self._in_memory(prompt), on_disk)

    def close(self) -> None:
        """Free the context."""
        if self._context is not None:
            self._context.close()
        self._context = self._sequence = None

    def save_one(self) -> bool:
        """Save one sequence to disk that is not there yet. False if there is none."""
        if self._archive is None or self._sequence is None:
            return False
        if self._must_save(self._sequence.tokens):
            self._archive.save(self._whole(self._sequence))
            return True
        for stretch in self._parked:
            if self._must_save(stretch.tokens):
                self._archive.save(stretch)
                return True
        return False

    def _in_memory(self, prompt: Tokens) -> int:
        at_work = 0 if self._sequence is None else common_length(self._sequence.tokens, prompt)
        return max(at_work, self._parked.find(prompt)[1])

    def _bring(self, sequence: OpenSequence, prompt: Tokens) -> int:
        """Put the longest known beginning of `prompt` to work; returns how many tokens that is."""
        have = common_length(sequence.tokens, prompt)
        known, length = self._find(prompt, have)
        if known is None or length < have + WORTH_MOVING:
            return have
        self._parked.use(known)
        self._cut(sequence, have)
        sequence.load(known)
        return common_length(sequence.tokens, prompt)

    def _find(self, prompt: Tokens, have: int) -> tuple[Stretch | None, int]:
        """What is parked that begins like `prompt` for longest, and how many tokens that is. It
        comes from disk where that saves reading: `have` of them are in the context."""
        parked, length = self._parked.find(prompt)
        if self._archive is None:
            return parked, length
        file, on_disk = self._archive.find(prompt)
        if file is None or on_disk < max(length, have) + WORTH_LOADING:
            return parked, length
        loaded = self._archive.load(file)
        if loaded is None:
            return parked, length
        before = None
        for stretch in loaded.path():
            stretch.before = before
            before = self._parked.add(stretch)
        return before, on_disk

    def _cut(self, sequence: OpenSequence, length: int) -> None:
        """Go back to the first `length` tokens. What stood behind them is parked, or on disk where
        it is too long for that."""
        end = len(sequence.tokens)
        if end >= length + WORTH_MOVING and self._parked.find(sequence.tokens)[1] < end:
            if end <= self._parked.max_tokens:
                self._park(sequence, length)  # by itself: something else will stand behind it
                self._park(sequence, end)
            elif not self._is_on_disk(sequence.tokens) and self._archive is not None:
                self._archive.save(self._whole(sequence))
        sequence.truncate(length)

    def _park(self, sequence: OpenSequence, end: int) -> None:
        """Keep a copy of the first `end` tokens."""
        before = self._parked.find_before(sequence.tokens[:end])
        if end > (len(before.tokens) if before else 0):
            self._parked.add(sequence.save(before, end))

    def _whole(self, sequence: OpenSequence) -> Stretch:
        """All that a sequence holds, with what is parked of it."""
        end = len(sequence.tokens)
        before = self._parked.find_before(sequence.tokens)
        return before if before and len(before.tokens) == end else sequence.save(before, end)

    def _must_save(self, tokens: Tokens) -> bool:
        """Whether a sequence is worth being saved to disk and not there; asked once for each."""
        key = hash(tokens.tobytes())
        if self._archive is None or len(tokens) < WORTH_SAVING or key in self._offered:
            return False
        self._offered.add(key)
        return not self._is_on_disk(tokens)

    def _is_on_disk(self, tokens: Tokens) -> bool:
        """Whether most of a sequence is."""
        known = self._archive.find(tokens)[1] if self._archive is not None else 0
        return known >= ALREADY_SAVED * len(tokens)

    def _sequence_for(self, tokens: int) -> OpenSequence:
        """The sequence at work, in a context that is made anew and larger where it is too
        small."""
        context, sequence = self._context, self._sequence
        if context is not None and sequence is not None and context.size.tokens >= tokens:
            return sequence
        held = None
        if sequence is not None and len(sequence.tokens) and self._parked_tokens:
            held = self._parked.add(self._whole(sequence))
        self.close()  # there may be no memory for both
        self._context = self._make_context(tokens)
        self._sequence = OpenSequence(self._context, self.check)
        large = self._context.size.tokens > LARGE_CONTEXT
        self._parked.shrink(self._parked_tokens // 2 if large else self._parked_tokens)
        if held is not None:
            self._sequence.load(held)
        return self._sequence
