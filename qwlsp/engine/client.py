"""The server's side of the engine: connects to a worker, survives its death.

A worker that dies fails the requests that it had begun, with a sentence. The others, and the next
one, go to another worker: it may have been dead for some time when they were sent.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import replace
from enum import Enum
from pathlib import Path

from qwlsp.engine.connection import Connection, WorkerEnded
from qwlsp.engine.messages import (
    Count,
    Counted,
    EngineConfig,
    Event,
    Generate,
    Message,
    ReadAhead,
    Ready,
)
from qwlsp.models.find import identity


class State(Enum):
    """What the worker is doing, as far as this client has to do with it."""

    STOPPED = "stopped"
    LOADING = "loading"
    READY = "ready"


class EngineClient:
    """One worker at a time, found or started with the first request."""

    reads_ahead = True
    place = ""

    def __init__(
        self,
        config: EngineConfig,
        *,
        home: Path,
        on_state: Callable[[State], None] = lambda state: None,
    ) -> None:
        self.config = config
        self.state = State.STOPPED
        self.ready: Ready | None = None
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._home = home
        self._on_state = on_state
        self._ids = itertools.count(1)
        self._starting = asyncio.Lock()
        self._worker: Connection | None = None
        self._active = 0
        self._retired = False
        self._closing: asyncio.Task[None] | None = None
        self._unloading: asyncio.TimerHandle | None = None
        self.unload_after = 0.0
        """Seconds without a request after which the worker ends, to start again with the next
        one; 0 for never. It may live so long after its last client, too."""

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.config.model_path).stem

    @property
    def identity(self) -> str:
        """Changes when the file does. Raises ModelError if it is gone."""
        return identity(Path(self.config.model_path))

    @property
    def warnings(self) -> list[str]:
        """What the worker had to do without, e.g. a chat template."""
        return self._worker.ready.warnings if self._worker else []

    @property
    def pid(self) -> int | None:
        """The worker's process id while it lives."""
        return self._worker.pid if self._worker else None

    async def start(self) -> Ready:
        """Load the model, if it is not loaded already. Raises ModelError or EngineError."""
        with self._in_use():
            return (await self._running_worker()).ready

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """The events of one answer, `Done` last. Closing the iterator cancels the request.

        Raises ModelError if the model can't be loaded, PromptTooLong if the prompt does not fit,
        EngineError if the worker fails or dies.
        """
        with self._in_use():
            async with aclosing(self._answer(replace(request, id=next(self._ids)))) as events:
                async for event in events:
                    yield event

    async def count(self, texts: list[str], *, roles: list[str], seconds: float) -> Counted:
        """How many tokens the texts have, what a chat of such turns needs besides, and how much
        this machine reads in so many seconds. Raises like `generate`."""
        with self._in_use():
            request = Count(id=next(self._ids), texts=texts, roles=roles, seconds=seconds)
            with suppress(WorkerEnded):
                return await (await self._running_worker()).count(request)
            return await (await self._running_worker()).count(request)

    async def read_ahead(
        self, chats: list[list[Message]], *, save_power: bool
    ) -> AsyncGenerator[Event, None]:
        """Read these chats in the background, replacing what was to be read before; the events
        end with `Done`. Closing the iterator stops it. Raises like `generate`."""
        with self._in_use():
            worker = await self._running_worker()
            request = ReadAhead(id=next(self._ids), chats=chats, save_power=save_power)
            async with aclosing(worker.follow(request)) as events:
                async for event in events:
                    yield event

    def retire(self) -> None:
        """End the worker as soon as the answers in flight have ended."""
        self._retired = True
        self._rest()

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self._active += 1
        if self._unloading is not None:
            self._unloading.cancel()
        try:
            yield
        finally:
            self._active -= 1
            self._rest()

    def _rest(self) -> None:
        """Let the worker go when nobody needs it any more, or not for some time."""
        if self._active or self._worker is None:
            return
        if self._retired:
            self._unload()
        elif self.unload_after:
            loop = asyncio.get_running_loop()
            self._unloading = loop.call_later(self.unload_after, self._unload)

    def _unload(self) -> None:
        self._closing = asyncio.create_task(self._close_unless_used())

    async def _close_unless_used(self) -> None:
        if not self._active:  # who asked may have begun another attempt since
            await self.close()

    async def close(self) -> None:
        """End the worker; a later request starts another."""
        async with self._starting:
            worker, self._worker = self._worker, None
            if worker is not None:
                await worker.close()
            self._set_state(State.STOPPED)

    async def _answer(self, request: Generate) -> AsyncGenerator[Event, None]:
        """The events of a request, by a second worker if the first one ended before it began."""
        repeatable = True
        while True:
            worker = await self._running_worker()
            try:
                async with aclosing(worker.follow(request)) as events:
                    async for event in events:
                        repeatable = False
                        yield event
                return
            except WorkerEnded:
                if not repeatable:
                    raise
                repeatable = False

    async def _running_worker(self) -> Connection:
        async with self._starting:
            if self._worker is not None and not self._worker.dead:
                return self._worker
            self._set_state(State.LOADING)
            try:
                self._worker = await Connection.open(
                    self.config, self._home, self._on_death, linger=self.unload_after
                )
            except BaseException:
                self._set_state(State.STOPPED)
                raise
            self.ready = self._worker.ready
            self._set_state(State.READY)
            return self._worker

    def _on_death(self, worker: Connection) -> None:
        if worker is self._worker:
            self._worker = None
            self._set_state(State.STOPPED)

    def _set_state(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._on_state(state)
