"""The server's side of the engine: starts the worker, talks to it, survives its death.

A worker that dies fails the requests it had, with a sentence; the next request starts another.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path

from qwlsp.engine.messages import (
    LENGTH,
    Cancel,
    Constraint,
    Count,
    Counted,
    Done,
    EngineConfig,
    Event,
    Failed,
    Generate,
    LoadFailed,
    Message,
    Piece,
    ReadAhead,
    Reading,
    Ready,
    Reply,
    Request,
    Sampling,
    Start,
    decode,
    encode,
    frame_length,
)
from qwlsp.errors import EngineError, ModelError, PromptTooLong, QwlspError

CANCEL_GRACE = 5.0
"""Seconds a cancelled request may take to end before the worker is killed for it. llama.cpp
stops within milliseconds; a hostile chat template may not."""

EXIT_GRACE = 1.0
"""Seconds a worker may take to end after its pipe has closed."""

SPIN_COUNT = "1000"
"""How often a thread of llama.cpp looks before it sleeps while it waits for the others. libgomp's
own choice, milliseconds of looking, makes everything four times slower as soon as another program
wants a core."""


class State(Enum):
    """What the worker is doing."""

    STOPPED = "stopped"
    LOADING = "loading"
    READY = "ready"


class EngineClient:
    """One worker process at a time, started with the first request."""

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
        self._worker: _Worker | None = None
        self._active = 0
        self._retired = False
        self._closing: asyncio.Task[None] | None = None
        self._unloading: asyncio.TimerHandle | None = None
        self.unload_after = 0.0
        """Seconds without a request after which the worker ends, to start again with the next
        one; 0 for never."""

    @property
    def warnings(self) -> list[str]:
        """What the worker had to do without, e.g. a chat template."""
        return self._worker.ready.warnings if self._worker else []

    @property
    def pid(self) -> int | None:
        """The worker's process id while it lives."""
        return self._worker.process.pid if self._worker else None

    async def start(self) -> Ready:
        """Load the model, if it is not loaded already. Raises ModelError or EngineError."""
        with self._in_use():
            return (await self._running_worker()).ready

    async def generate(
        self,
        messages: list[Message],
        *,
        answer_start: str = "",
        sampling: Sampling,
        max_tokens: int,
        constraint: Constraint | None = None,
        context_tokens: int | None = None,
        richer: list[list[Message]] | None = None,
        wait_seconds: float = 0.0,
    ) -> AsyncGenerator[Event, None]:
        """The events of one answer, `Done` last. Closing the iterator cancels the request.

        Raises ModelError if the model can't be loaded, PromptTooLong if the prompt does not fit,
        EngineError if the worker fails or dies.
        """
        with self._in_use():
            worker = await self._running_worker()
            request = Generate(
                id=next(self._ids),
                messages=messages,
                answer_start=answer_start,
                sampling=sampling,
                max_tokens=max_tokens,
                constraint=constraint,
                context_tokens=context_tokens,
                richer=richer or [],
                wait_seconds=wait_seconds,
            )
            async with aclosing(worker.follow(request)) as events:
                async for event in events:
                    yield event

    async def count(self, texts: list[str], *, roles: list[str], seconds: float) -> Counted:
        """How many tokens the texts have, what a chat of such turns needs besides, and how much
        this machine reads in so many seconds. Raises like `generate`."""
        with self._in_use():
            worker = await self._running_worker()
            request = Count(id=next(self._ids), texts=texts, roles=roles, seconds=seconds)
            return await worker.count(request)

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

    async def _running_worker(self) -> _Worker:
        async with self._starting:
            if self._worker is not None and not self._worker.dead:
                return self._worker
            self._set_state(State.LOADING)
            try:
                self._worker = await _Worker.start(self.config, self._home, self._on_death)
            except BaseException:
                self._set_state(State.STOPPED)
                raise
            self.ready = self._worker.ready
            self._set_state(State.READY)
            return self._worker

    def _on_death(self, worker: _Worker) -> None:
        if worker is self._worker:
            self._worker = None
            self._set_state(State.STOPPED)

    def _set_state(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._on_state(state)


@dataclass(frozen=True)
class _Following:
    """A request that the worker has, and what it said about it."""

    request: Generate | ReadAhead
    events: asyncio.Queue[Event | QwlspError] = field(default_factory=asyncio.Queue)


class _Worker:
    """One worker process and the requests it is working on."""

    ready: Ready

    def __init__(
        self, process: asyncio.subprocess.Process, on_death: Callable[[_Worker], None]
    ) -> None:
        self.process = process
        self.dead = False
        self._on_death = on_death
        self._following: dict[int, _Following] = {}
        self._counting: dict[int, asyncio.Future[Counted]] = {}
        self._listener: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls, config: EngineConfig, home: Path, on_death: Callable[[_Worker], None]
    ) -> _Worker:
        """Start a process and wait until it has loaded the model."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "qwlsp.engine.worker"),
            env={"GOMP_SPINCOUNT": SPIN_COUNT, **os.environ},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # `-m` looks for modules in the working folder first: never the person's project.
            cwd=home,
            start_new_session=True,  # Ctrl-C in a terminal is for the program alone
        )
        worker = cls(process, on_death)
        try:
            worker._send(Start(config=config))
            reply = await worker._receive()
        except BaseException:
            await worker.close()
            raise
        if not isinstance(reply, Ready):
            await worker.close()
            if isinstance(reply, LoadFailed):
                raise ModelError(reply.sentence)
            raise ModelError(
                f"{Path(config.model_path).name} can't be loaded: the model's process"
                f" {worker._how_it_ended()}. The file may be damaged, or too large for the memory."
            )
        worker.ready = reply
        worker._listener = asyncio.create_task(worker._listen())
        return worker

    async def follow(self, request: Generate | ReadAhead) -> AsyncGenerator[Event, None]:
        """Send a request and yield its events; closing the iterator cancels it."""
        if self.dead:
            raise EngineError(self._epitaph())
        following = self._following[request.id] = _Following(request)
        self._send(request)
        ended = False
        try:
            while not ended:
                event = await following.events.get()
                ended = isinstance(event, (Done, QwlspError))
                if isinstance(event, QwlspError):
                    raise event
                yield event
        finally:
            if not ended and not self.dead:
                self._send(Cancel(id=request.id))
                self._see_it_end(request.id)

    async def count(self, request: Count) -> Counted:
        """Send a request that is answered at once."""
        if self.dead:
            raise EngineError(self._epitaph())
        answer: asyncio.Future[Counted] = asyncio.get_running_loop().create_future()
        self._counting[request.id] = answer
        self._send(request)
        try:
            return await answer
        finally:
            del self._counting[request.id]

    def _see_it_end(self, request_id: int, *, warned: bool = False) -> None:
        """Kill a worker that goes on with a cancelled request. One that has not come to it yet
        is busy with an earlier one, and may be."""
        if self.dead or request_id not in self._following:
            return
        if warned:
            self._kill()
            return
        in_work = min(self._following, key=self._place_in_line)
        loop = asyncio.get_running_loop()
        loop.call_later(
            CANCEL_GRACE, partial(self._see_it_end, request_id, warned=request_id == in_work)
        )

    def _place_in_line(self, request_id: int) -> tuple[bool, int]:
        """The worker's order: people's requests first, the older ones first."""
        return isinstance(self._following[request_id].request, ReadAhead), request_id

    async def close(self) -> None:
        """End the process, gently first."""
        self.dead = True
        assert self.process.stdin is not None
        self.process.stdin.close()
        listener = self._listener or asyncio.create_task(self._listen())
        try:
            await asyncio.wait_for(asyncio.shield(listener), CANCEL_GRACE)
        except asyncio.TimeoutError:
            self._kill()
            await listener

    async def _listen(self) -> None:
        """Pass on what the worker says until it ends, however that comes."""
        assert self.process.stdout is not None
        while (reply := await self._receive()) is not None:
            if isinstance(reply, (Ready, LoadFailed)):
                continue
            if (answer := self._counting.get(reply.id)) is not None:
                _settle(answer, _error(reply) if isinstance(reply, Failed) else reply)
                continue
            if (following := self._following.get(reply.id)) is None:
                continue
            if isinstance(reply, (Done, Failed)):
                del self._following[reply.id]
            assert isinstance(reply, (Reading, Piece, Done, Failed))
            following.events.put_nowait(_error(reply) if isinstance(reply, Failed) else reply)
        self.dead = True
        # Not killed at once: that would take its exit status from asyncio if it has just ended.
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.process.wait(), EXIT_GRACE)
        if self.process.returncode is None:  # it talks nonsense, or closed its pipe and lives on
            self._kill()
        await self.process.stdout.read()  # asyncio closes a pipe only at its end
        await self.process.wait()
        self._fail_all()
        self._on_death(self)

    async def _receive(self) -> Reply | None:
        """The next message, None when the worker is gone or talks nonsense."""
        assert self.process.stdout is not None
        try:
            header = await self.process.stdout.readexactly(LENGTH.size)
            payload = await self.process.stdout.readexactly(frame_length(header))
            return decode(payload)  # type: ignore[return-value]
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            return None

    def _send(self, request: Request) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(encode(request))

    def _fail_all(self) -> None:
        for following in self._following.values():
            following.events.put_nowait(EngineError(self._epitaph()))
        self._following.clear()
        for answer in self._counting.values():
            _settle(answer, EngineError(self._epitaph()))

    def _epitaph(self) -> str:
        return f"The model's process {self._how_it_ended()}. It starts again with the next request."

    def _how_it_ended(self) -> str:
        code = self.process.returncode
        if code is not None and code < 0:
            with suppress(ValueError):
                return f"was ended by {signal.Signals(-code).name}"
        return "ended unexpectedly"

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()


def _settle(answer: asyncio.Future[Counted], outcome: Reply | QwlspError) -> None:
    if answer.done():  # whoever asked has gone
        return
    if isinstance(outcome, QwlspError):
        answer.set_exception(outcome)
    elif isinstance(outcome, Counted):
        answer.set_result(outcome)


def _error(failed: Failed) -> QwlspError:
    if failed.tokens is not None and failed.limit is not None:
        return PromptTooLong(failed.tokens, failed.limit)
    return EngineError(failed.sentence)
