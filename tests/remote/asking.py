"""Short ways to ask an engine that is a server, and what a person may be told of it."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing

import pytest

from qwlsp.engine.messages import Constraint, Done, Event, Generate, Message, Piece, Sampling
from qwlsp.errors import EngineError
from qwlsp.remote.engine import RemoteEngine

HANGS = 30
"""Seconds after which a test that waits for something has failed."""
LONGEST_SENTENCE = 300
GREEDY = Sampling(temperature=0)
EngineFor = Callable[..., RemoteEngine]
"""Makes an engine for a Server or an address; keywords are the ServerConfig's."""


def chat(text: str = "What is this?") -> list[Message]:
    return [Message(role="system", parts=["Be brief."]), Message(role="user", parts=[text])]


async def all_of(
    engine: RemoteEngine,
    text: str = "What is this?",
    *,
    max_tokens: int = 64,
    constraint: Constraint | None = None,
    answer_start: str = "",
) -> list[Event]:
    """The events of one answer."""

    async def collect() -> list[Event]:
        request = Generate(
            messages=chat(text),
            sampling=GREEDY,
            max_tokens=max_tokens,
            constraint=constraint,
            answer_start=answer_start,
        )
        async with aclosing(engine.generate(request)) as events:
            return [event async for event in events]

    return await asyncio.wait_for(collect(), HANGS)


def text_of(events: Iterable[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Piece))


def done(events: list[Event]) -> Done:
    """The last event, of which there is only one."""
    assert [event for event in events if isinstance(event, Done)] == events[-1:]
    last = events[-1]
    assert isinstance(last, Done)
    return last


async def first_piece(events: AsyncIterator[Event]) -> Piece:
    """Read on until there is some text."""

    async def read() -> Piece:
        async for event in events:
            if isinstance(event, Piece):
                return event
        raise AssertionError("the answer has ended before")

    return await asyncio.wait_for(read(), HANGS)


async def sentence(engine: RemoteEngine, **asked: object) -> str:
    """What a person is told when a question fails."""
    with pytest.raises(EngineError) as error:
        await all_of(engine, **asked)  # type: ignore[arg-type]
    told = str(error.value)
    check_sentence(told)
    return told


def check_sentence(told: str) -> None:
    """Fail where a sentence is none that a person may be shown."""
    assert told.endswith((".", "?")), told
    assert len(told) <= LONGEST_SENTENCE
    assert told[0].isupper() or told[0].isdigit() or told[0] in "[q" or "." in told
    assert not [each for each in told if unicodedata.category(each).startswith("C")], told
    for word in ("Traceback", "Error(", "None", "httpx", "httpcore", ": .", "()"):
        assert word not in told, told
