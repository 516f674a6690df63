"""One request from prompt to last token: read what is new, then draw token by token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import psutil

from qwlsp.backends.llama import Model, Sampler
from qwlsp.engine.constraint import Grammars, Matcher
from qwlsp.engine.drafting import Drafter
from qwlsp.engine.memory import OpenSequence, WorkingMemory
from qwlsp.engine.messages import Done, Event, Generate, Message, Piece, ReadAhead, Reading
from qwlsp.engine.prefix import Tokens
from qwlsp.engine.template import ChatTemplate, Prompt
from qwlsp.engine.writing import Writer, choose
from qwlsp.errors import PromptTooLong

READ_STEP = 128
"""Tokens between two reports of progress: a second or two on two cores."""
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
        self._grammars = Grammars(model)

    def run(self, request: Generate) -> Iterator[Event]:
        """The events of a request, `Done` last. Raises Stopped, PromptTooLong and EngineError."""
        prompt = self._prompt(request.messages)
        begun = self._model.tokenize(request.answer_start, special=False)
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
            part_tokens=prompt.part_tokens,
        )
        for read in _read(sequence, tokens):
            yield Reading(id=request.id, read=read, total=len(tokens), reused=reused)
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
            yield Reading(id=request.id, read=known, total=len(tokens), reused=known)
            for read in _read(sequence, tokens):
                yield Reading(id=request.id, read=read, total=len(tokens), reused=known)
        yield Done(
            id=request.id, finish="stop", prompt_tokens=total, reused_tokens=reused, output_tokens=0
        )

    def _longest_answer(self, request: Generate) -> int:
        """Tokens; half of the context belongs to the prompt, whatever the settings say."""
        return min(request.max_tokens, self._limit // 2)

    def _check_length(self, tokens: Tokens, request: Generate) -> None:
        limit = self._limit - self._longest_answer(request)
        if request.context_tokens is not None:
            limit = min(limit, request.context_tokens)
        if len(tokens) > limit:
            raise PromptTooLong(len(tokens), limit)

    def _prompt(self, messages: list[Message]) -> Prompt:
        return self._template.tokens(messages, self._model.tokenize)

    def _choose(self, sequence: OpenSequence, choices: list[str], done: Done) -> Iterator[Event]:
        """The likeliest of `choices`, and how likely each is."""
        tokens = {text: self._model.tokenize(text, special=False) for text in choices}
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
            for text in writer.write():
                yield Piece(id=request.id, text=text, tokens=writer.tokens)
        yield replace(
            done,
            finish=writer.finish,
            output_tokens=writer.tokens,
            forced_tokens=writer.forced,
            drafted_tokens=writer.drafted,
            accepted_tokens=writer.accepted,
        )


def _read(sequence: OpenSequence, prompt: Tokens) -> Iterator[int]:
    """Read what is missing of `prompt`; yields how much of it has been read."""
    while (length := len(sequence.tokens)) < len(prompt):
        sequence.extend(prompt[length : length + READ_STEP])
        yield len(sequence.tokens)


def on_battery() -> bool:
    """Whether reading ahead would use up a battery."""
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return battery is not None and battery.power_plugged is False
