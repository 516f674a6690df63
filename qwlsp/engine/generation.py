"""One request from prompt to last token: read what is new, then draw token by token."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import numpy as np
import psutil

from qwlsp.backends.llama import Model, Sampler
from qwlsp.engine.memory import OpenSequence, WorkingMemory
from qwlsp.engine.messages import Done, Event, Generate, Message, Piece, ReadAhead, Reading
from qwlsp.engine.prefix import Tokens
from qwlsp.engine.template import ChatTemplate, Prompt
from qwlsp.errors import PromptTooLong

READ_STEP = 256
"""Tokens between two reports of progress: about 2.5 s on two cores."""
READ_AHEAD_STEP = 128
READ_AHEAD_MOST = 2_500
"""Tokens of one prompt that are read before anybody has asked: 2,000 of code in focus, and what
stands around it."""


class Runner:
    """Runs requests on a model, one at a time."""

    def __init__(
        self, model: Model, template: ChatTemplate, memory: WorkingMemory, *, context_limit: int
    ) -> None:
        self._model = model
        self._template = template
        self._memory = memory
        self._limit = context_limit

    def run(self, request: Generate) -> Iterator[Event]:
        """The events of a request, `Done` last. Raises Stopped, PromptTooLong and EngineError."""
        prompt = self._prompt(request.messages)
        begun = self._model.tokenize(request.answer_start, special=False)
        tokens = np.array(prompt.tokens + begun, np.int32)
        limit = self._limit - request.max_tokens
        if request.context_tokens is not None:
            limit = min(limit, request.context_tokens)
        if len(tokens) > limit:
            raise PromptTooLong(len(tokens), limit)
        self._memory.check()  # no cached sequence is given up for a cancelled request
        sequence = self._memory.open(tokens, room=len(tokens) + request.max_tokens)
        reused = len(sequence.tokens)
        yield Reading(
            id=request.id,
            read=reused,
            total=len(tokens),
            reused=reused,
            part_tokens=prompt.part_tokens,
        )
        for read in _read(sequence, tokens, READ_STEP):
            yield Reading(id=request.id, read=read, total=len(tokens), reused=reused)
        written = 0
        for text, written in self._write(sequence, request):
            if text:
                yield Piece(id=request.id, text=text, tokens=written)
        yield Done(
            id=request.id,
            finish="length" if written == request.max_tokens else "stop",
            prompt_tokens=len(tokens),
            reused_tokens=reused,
            output_tokens=written,
        )

    def read_ahead(self, request: ReadAhead) -> Iterator[Event]:
        """Read prompts up to their last token but one. Raises Stopped, to be called again, and
        EngineError."""
        total = reused = 0
        chats = request.chats
        if request.save_power and on_battery():
            chats = chats[:1]
        for chat in chats:
            tokens = np.array(self._prompt(chat).tokens[: READ_AHEAD_MOST + 1][:-1], np.int32)
            total += len(tokens)
            if not len(tokens) or len(tokens) > self._limit or self._memory.holds(tokens):
                reused += len(tokens)
                continue
            self._memory.check()
            sequence = self._memory.open(tokens, room=len(tokens))
            known = len(sequence.tokens)
            reused += known
            for read in _read(sequence, tokens, READ_AHEAD_STEP):
                yield Reading(id=request.id, read=read, total=len(tokens), reused=known)
        yield Done(
            id=request.id, finish="stop", prompt_tokens=total, reused_tokens=reused, output_tokens=0
        )

    def _prompt(self, messages: list[Message]) -> Prompt:
        return self._template.tokens(messages, self._model.tokenize)

    def _write(self, sequence: OpenSequence, request: Generate) -> Iterator[tuple[str, int]]:
        """Draw tokens until an end token or `max_tokens`; yields text, and tokens so far."""
        sampling = request.sampling
        sampler = Sampler(
            temperature=sampling.temperature, top_p=sampling.top_p, seed=sampling.seed
        )
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        written = 0
        try:
            while (token := sequence.draw(sampler)) not in self._model.end_tokens:
                written += 1
                yield decoder.decode(self._model.piece(token)), written
                if written == request.max_tokens:
                    break
                sequence.extend([token])
        finally:
            sampler.close()
        yield decoder.decode(b"", final=True), written


def _read(sequence: OpenSequence, prompt: Tokens, step: int) -> Iterator[int]:
    """Read what is missing of `prompt`; yields how much of it has been read."""
    while (length := len(sequence.tokens)) < len(prompt):
        sequence.extend(prompt[length : length + step])
        yield len(sequence.tokens)


def on_battery() -> bool:
    """Whether reading ahead would use up a battery."""
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return battery is not None and battery.power_plugged is False
