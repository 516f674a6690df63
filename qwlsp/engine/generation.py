"""One request from prompt to last token: read what is new, then draw token by token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import psutil

from qwlsp.backends.llama import Model, Sampler
from qwlsp.engine.constraint import Grammars, Matcher
from qwlsp.engine.drafting import Drafter
from qwlsp.engine.memory import OpenSequence, WorkingMemory
from qwlsp.engine.messages import (
    Done,
    Event,
    Generate,
    Message,
    Piece,
    ReadAhead,
    Reading,
    longest_prompt,
)
from qwlsp.engine.pace import Pace
from qwlsp.engine.prefix import Tokens
from qwlsp.engine.template import Prompt
from qwlsp.engine.tokenizing import ChatTokenizer
from qwlsp.engine.writing import Writer, choose
from qwlsp.errors import PromptTooLong

READ_STEP = 256
"""Tokens between two reports of progress: a second or two on two cores."""
AHEAD_STEP = 128
"""Tokens of one step of reading ahead: what is lost of it when a person asks something."""
PIECE_INTERVAL = 0.045
"""Seconds between two pieces of an answer: nobody reads faster, and each takes time from a core
that the model wants."""
READ_AHEAD_MOST = 2_500
"""Tokens of one prompt that are read before anybody has asked: 2,000 of code in focus, and what
stands around it."""


class Runner:
    """Runs requests on a model, one at a time."""

    def __init__(
        self,
        model: Model,
        tokenizer: ChatTokenizer,
        memory: WorkingMemory,
        *,
        pace: Pace,
        context_limit: int,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._memory = memory
        self._pace = pace
        self._limit = context_limit
        self._grammars = Grammars(model)

    def run(self, request: Generate) -> Iterator[Event]:
        """The events of a request, `Done` last. Raises Stopped, PromptTooLong and EngineError."""
        prompt, chat = self._choose_chat(request)
        begun = self._tokenizer.tokens(request.answer_start)
        tokens = np.array(prompt.tokens + begun, np.int32)
        self._check_length(tokens, request)
        constraint = request.constraint
        matcher = None
        if constraint is not None and constraint.kind != "choices":
            matcher = self._grammars.matcher(constraint)  # before the prompt: it may be refused
        self._memory.check()  # no cached sequence is given up for a cancelled request
        sequence = self._memory.open(tokens, room=len(tokens) + self._longest_answer(request))
        reused = len(sequence.tokens)
        yield Reading(
            id=request.id,
            read=reused,
            total=len(tokens),
            reused=reused,
            seconds_left=self._pace.speed.duration(reused, len(tokens)),
            part_tokens=prompt.part_tokens,
            chat=chat,
        )
        yield from self._read(sequence, tokens, request.id)
        done = Done(id=request.id, finish="stop", prompt_tokens=len(tokens), reused_tokens=reused)
        if constraint is not None and constraint.kind == "choices":
            yield from self._choose(sequence, list(constraint.value), done)
        else:
            yield from self._write(sequence, request, matcher, done)

    def read_ahead(self, request: ReadAhead) -> Iterator[Event]:
        """Read prompts up to their last token but one. Raises Stopped, to be called again, and
        EngineError."""
        total = reused = 0
        chats = request.chats
        if request.save_power and on_battery():
            chats = chats[:1]
        for index, chat in enumerate(chats):
            tokens = self._ahead(chat)
            total += len(tokens)
            if not len(tokens) or len(tokens) > self._limit:
                continue
            if self._memory.holds(tokens):
                if index == 0:  # the likeliest
                    self._memory.touch(tokens)
                reused += len(tokens)
                continue
            self._memory.check()
            sequence = self._memory.open(tokens, room=len(tokens))
            known = len(sequence.tokens)
            reused += known
            yield Reading(id=request.id, read=known, total=len(tokens), reused=known)
            yield from self._read(sequence, tokens, request.id, step=AHEAD_STEP)
        yield Done(
            id=request.id, finish="stop", prompt_tokens=total, reused_tokens=reused, output_tokens=0
        )

    def _ahead(self, chat: list[Message]) -> Tokens:
        """What is read of a chat before it is asked."""
        prompt = self._tokenizer.prompt(chat).tokens
        return np.array(prompt[: READ_AHEAD_MOST + 1][:-1], np.int32)

    def _longest_answer(self, request: Generate) -> int:
        """Tokens."""
        return self._limit - longest_prompt(self._limit, request.max_tokens)

    def _longest(self, request: Generate) -> int:
        """Tokens that the prompt may have."""
        limit = longest_prompt(self._limit, request.max_tokens)
        return limit if request.context_tokens is None else min(limit, request.context_tokens)

    def _check_length(self, tokens: Tokens, request: Generate) -> None:
        limit = self._longest(request)
        if len(tokens) > limit:
            raise PromptTooLong(len(tokens), limit)

    def _choose_chat(self, request: Generate) -> tuple[Prompt, int | None]:
        """The richest chat that the person need not wait for too long, and which one it is."""
        for index, chat in enumerate(request.richer):
            prompt = self._tokenizer.prompt(chat)
            known = self._memory.known(np.array(prompt.tokens, np.int32))
            wait = self._pace.speed.duration(known, len(prompt.tokens))
            if wait <= request.wait_seconds and len(prompt.tokens) <= self._longest(request):
                return prompt, index
        return self._tokenizer.prompt(request.messages), None

    def _read(
        self, sequence: OpenSequence, prompt: Tokens, request_id: int, *, step: int = READ_STEP
    ) -> Iterator[Reading]:
        """Read what is missing of `prompt`."""
        reused = length = len(sequence.tokens)
        while length < len(prompt):
            began = time.perf_counter()
            last = length + step >= len(prompt)
            sequence.extend(prompt[length : length + step], outputs=int(last))
            read = len(sequence.tokens)
            self._pace.observe(read - length, depth=length, seconds=time.perf_counter() - began)
            length = read
            yield Reading(
                id=request_id,
                read=length,
                total=len(prompt),
                reused=reused,
                seconds_left=self._pace.speed.duration(length, len(prompt)),
            )

    def _choose(self, sequence: OpenSequence, choices: list[str], done: Done) -> Iterator[Event]:
        """The likeliest of `choices`, and how likely each is."""
        tokens = {text: self._tokenizer.tokens(text) for text in choices}
        probabilities = choose(sequence, tokens, self._model.end_tokens)
        chosen = max(probabilities, key=lambda text: probabilities[text])
        yield Piece(id=done.id, text=chosen, tokens=len(tokens[chosen]))
        yield replace(done, output_tokens=len(tokens[chosen]), probabilities=probabilities)

    def _write(
        self, sequence: OpenSequence, request: Generate, matcher: Matcher | None, done: Done
    ) -> Iterator[Event]:
        """Write behind the prompt that `sequence` holds, in the form that `matcher` allows."""
        sampling = request.sampling
        sampler = Sampler(
            temperature=sampling.temperature, top_p=sampling.top_p, seed=sampling.seed
        )
        with closing(sampler):
            writer = Writer(
                sequence,
                sampler=sampler,
                piece=self._model.piece,
                end_tokens=self._model.end_tokens,
                max_tokens=self._longest_answer(request),
                matcher=matcher,
                drafter=Drafter() if request.copies_from_prompt else None,
            )
            text, sent_at = "", 0.0
            for piece in writer.write():
                text += piece
                if (now := time.perf_counter()) - sent_at >= PIECE_INTERVAL:
                    yield Piece(id=request.id, text=text, tokens=writer.tokens)
                    text, sent_at = "", now
            if text:
                yield Piece(id=request.id, text=text, tokens=writer.tokens)
        yield replace(
            done,
            finish=writer.finish,
            output_tokens=writer.tokens,
            forced_tokens=writer.forced,
            drafted_tokens=writer.drafted,
            accepted_tokens=writer.accepted,
            written=None if request.answer_start else writer.written,
        )


def on_battery() -> bool:
    """Whether reading ahead would use up a battery."""
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return battery is not None and battery.power_plugged is False
