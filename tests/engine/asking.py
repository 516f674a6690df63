"""A client of the engine that remembers what happened to it, and short ways to ask it."""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from pathlib import Path

import pytest

from qwlsp.engine.client import EngineClient, State
from qwlsp.engine.messages import Done, EngineConfig, Event, Generate, Message, Piece, Sampling

HANGS = 30
"""Seconds after which a test that waits for something has failed."""
GREEDY = Sampling(temperature=0)
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


class Engine(EngineClient):
    """A client that remembers its states, and asks about a text."""

    def __init__(self, model: Path, home: Path, **config: object) -> None:
        self.states: list[State] = []
        self.loading, self.stopped = asyncio.Event(), asyncio.Event()
        super().__init__(
            EngineConfig(model_path=str(model), threads=1, **config),  # type: ignore[arg-type]
            home=home,
            on_state=self._note,
        )

    def _note(self, state: State) -> None:
        self.states.append(state)
        for event, its_state in [(self.loading, State.LOADING), (self.stopped, State.STOPPED)]:
            event.set() if state is its_state else event.clear()

    def ask(
        self,
        text: str,
        *,
        max_tokens: int = 8,
        sampling: Sampling = GREEDY,
        answer_start: str = "",
        context_tokens: int | None = None,
    ) -> AsyncGenerator[Event, None]:
        return self.generate(
            Generate(
                messages=chat(text),
                sampling=sampling,
                max_tokens=max_tokens,
                answer_start=answer_start,
                context_tokens=context_tokens,
            )
        )


def chat(text: str) -> list[Message]:
    return [Message(role="system", parts=["Be brief."]), Message(role="user", parts=[text])]


def code(lines: int) -> str:
    return "".join(f"value_{n} = {n}\n" for n in range(lines))


LONG = code(600)
"""About 6,000 tokens: more than a second to read, and more than the smallest context."""


async def all_of(events: AsyncIterator[Event]) -> list[Event]:
    async def collect() -> list[Event]:
        return [event async for event in events]

    return await asyncio.wait_for(collect(), HANGS)


async def text_of(events: AsyncIterator[Event]) -> str:
    return "".join(e.text for e in await all_of(events) if isinstance(e, Piece))


async def done(events: AsyncIterator[Event]) -> Done:
    last = (await all_of(events))[-1]
    assert isinstance(last, Done)
    return last


async def first(kind: type[Event], events: AsyncIterator[Event]) -> Event:
    """The first event of a kind; the request goes on."""
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError("the answer has ended before")


def warnings_of(main: Callable[[], Coroutine[None, None, None]]) -> list[str]:
    """Of transports that nobody closed, e.g."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        asyncio.run(main())
        gc.collect()
    return [str(warning.message) for warning in warned]
