"""One request from prompt to last token: read what is new, then draw token by token."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import numpy as np

from qwlsp.backends.llama import DECODE_ABORTED, DECODE_FULL, Context, Model, Sampler
from qwlsp.engine.messages import Done, Event, Generate, Piece, Reading
from qwlsp.engine.prefix import CachedSequence, PrefixCache, Tokens
from qwlsp.engine.template import ChatTemplate
from qwlsp.errors import EngineError, PromptTooLong

READ_STEP = 256
"""Tokens between two reports of progress: about 2.5 s on two cores."""


class Stopped(Exception):
    """The job was cancelled; what has been read stays in the cache."""


class Runner:
    """Runs requests on a model, one at a time. Asks `must_stop()` whenever it may."""

    def __init__(
        self,
        model: Model,
        template: ChatTemplate,
        make_context: Callable[[int], Context],
        *,
        context_limit: int,
        must_stop: Callable[[], bool],
    ) -> None:
        self._model = model
        self._template = template
        self._make_context = make_context
        self._limit = context_limit
        self._must_stop = must_stop
        self._context: Context | None = None
        self._cache: PrefixCache | None = None

    def run(self, request: Generate) -> Iterator[Event]:
        """The events of a request, `Done` last. Raises PromptTooLong and EngineError."""
        prompt = self._template.tokens(request.messages, self._model.tokenize)
        begun = self._model.tokenize(request.answer_start, special=False)
        tokens = np.array(prompt.tokens + begun, np.int32)
        limit = self._limit - request.max_tokens
        if request.context_tokens is not None:
            limit = min(limit, request.context_tokens)
        if len(tokens) > limit:
            raise PromptTooLong(len(tokens), limit)
        if self._must_stop():  # cancelled while it waited: no cached sequence is given up for it
            yield Done(
                id=request.id,
                finish="cancelled",
                prompt_tokens=len(tokens),
                reused_tokens=0,
                output_tokens=0,
            )
            return
        context, cache = self._room_for(len(tokens) + request.max_tokens)
        sequence, reused = cache.acquire(tokens)
        answer = _Answer(tokens, sequence)
        finish = "cancelled"
        try:
            yield Reading(
                id=request.id,
                read=reused,
                total=len(tokens),
                reused=reused,
                part_tokens=prompt.part_tokens,
            )
            for read in self._read(context, cache, answer, reused):
                yield Reading(id=request.id, read=read, total=len(tokens), reused=reused)
            finish = yield from self._write(context, cache, answer, request)
        except Stopped:
            pass
        finally:
            cache.record(sequence, answer.all_tokens())
        yield Done(
            id=request.id,
            finish=finish,
            prompt_tokens=len(tokens),
            reused_tokens=reused,
            output_tokens=len(answer.tokens),
        )

    def _room_for(self, tokens: int) -> tuple[Context, PrefixCache]:
        """The context, made anew and larger when it is too small for `tokens`."""
        if self._context is None or self._context.size.tokens < tokens:
            if self._context is not None:
                self._context.close()
                self._context = None
            self._context = self._make_context(tokens)
            self._cache = PrefixCache(self._context, self._context.size.sequences)
        assert self._cache is not None
        return self._context, self._cache

    def _read(
        self, context: Context, cache: PrefixCache, answer: _Answer, start: int
    ) -> Iterator[int]:
        """Read the prompt from `start` on; yields how much of it has been read."""
        tokens = answer.prompt
        while start < len(tokens):
            chunk = tokens[start : start + READ_STEP]
            start = self._decode(context, cache, answer.sequence, chunk, start)
            yield start

    def _write(
        self, context: Context, cache: PrefixCache, answer: _Answer, request: Generate
    ) -> Generator[Event, None, str]:
        """Draw tokens until an end token or `max_tokens`; returns why it ended."""
        sampling = request.sampling
        sampler = Sampler(
            temperature=sampling.temperature, top_p=sampling.top_p, seed=sampling.seed
        )
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            while True:
                token = sampler.draw(context)
                if token in self._model.end_tokens:
                    finish = "stop"
                    break
                answer.tokens.append(token)
                if text := decoder.decode(self._model.piece(token)):
                    yield Piece(id=request.id, text=text, tokens=len(answer.tokens))
                if len(answer.tokens) >= request.max_tokens:
                    finish = "length"
                    break
                position = len(answer.prompt) + len(answer.tokens) - 1
                self._decode(context, cache, answer.sequence, [token], position)
        finally:
            sampler.close()
        if text := decoder.decode(b"", final=True):
            yield Piece(id=request.id, text=text, tokens=len(answer.tokens))
        return finish

    def _decode(
        self,
        context: Context,
        cache: PrefixCache,
        sequence: CachedSequence,
        tokens: list[int] | Tokens,
        start: int,
    ) -> int:
        """Decode all of `tokens`, making room where there is none; returns the new length.

        Raises Stopped when the job must stop.
        """
        end = start + len(tokens)
        while start < end:
            if self._must_stop():
                raise Stopped
            status = context.decode(tokens[start - end :], start=start, sequence=sequence.id)
            if status == DECODE_FULL and not cache.evict(sequence):
                raise EngineError("The context is full.")
            kept = context.length(sequence.id)  # earlier micro-batches of an aborted decode
            start = kept if status in (DECODE_ABORTED, DECODE_FULL) else end
        return end


@dataclass
class _Answer:
    prompt: Tokens
    sequence: CachedSequence
    tokens: list[int] = field(default_factory=list)

    def all_tokens(self) -> Tokens:
        return np.concatenate([self.prompt, np.array(self.tokens, np.int32)])
