"""A connection to a worker that has loaded its model: requests go out, events come back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from qwlsp.engine.links import Link, reach
from qwlsp.engine.messages import (
    LENGTH,
    Cancel,
    Count,
    Counted,
    Done,
    EngineConfig,
    Event,
    Failed,
    Generate,
    LoadFailed,
    Piece,
    ReadAhead,
    Reading,
    Ready,
    Reply,
    Request,
    Start,
    decode,
    encode,
    frame_length,
)
from qwlsp.errors import EngineError, ModelError, PromptTooLong, QwlspError

CANCEL_GRACE = 5.0
"""Seconds a cancelled request may take to end before the worker is killed for it. llama.cpp
stops within milliseconds; a hostile chat template may not."""
SECOND_LOOK = 1.0
"""Seconds later."""
ATTEMPTS = 3
"""Workers that are tried before they count as unusable: another window's may just be ending."""


@dataclass(frozen=True)
class _Following:
    """What the worker said about a request."""

    events: asyncio.Queue[Event | QwlspError] = field(default_factory=asyncio.Queue)


class WorkerEnded(EngineError):
    """The worker has ended by itself: what it had not begun can be asked of another one."""


class Connection:
    """The requests of one client that one worker is working on."""

    ready: Ready

    def __init__(self, link: Link, on_death: Callable[[Connection], None]) -> None:
        self.dead = False
        self._link = link
        self._on_death = on_death
        self._following: dict[int, _Following] = {}
        self._counting: dict[int, asyncio.Future[Counted]] = {}
        self._listener: asyncio.Task[None] | None = None
        self._exit_status: int | None = None

    @classmethod
    async def open(
        cls,
        config: EngineConfig,
        home: Path,
        on_death: Callable[[Connection], None],
        *,
        linger: float,
    ) -> Connection:
        """Find or start a worker, and wait until it has loaded the model. It lives on for
        `linger` seconds after its last request. Raises ModelError and EngineError."""
        for attempt in range(ATTEMPTS):
            try:
                link = await reach(config, home)
            except OSError as error:
                raise EngineError(f"The model's process can't be started: {error}.") from error
            connection = cls(link, on_death)
            try:
                connection._send(Start(config=config, secret=link.secret, linger=linger))
                reply = await connection._receive()
            except BaseException:
                await connection.close()
                raise
            if isinstance(reply, Ready):
                connection.ready, link.pid = reply, reply.pid
                connection._listener = asyncio.create_task(connection._listen())
                return connection
            if isinstance(reply, LoadFailed):
                await connection.close()
                raise ModelError(reply.sentence)
            connection._exit_status = await link.ended()
            if link.is_new and attempt:  # once, something else may have killed it
                break
        raise ModelError(
            f"{Path(config.model_path).name} can't be loaded: the model's process"
            f" {connection._how_it_ended()}. The file may be damaged, or too large for the memory."
        )

    @property
    def pid(self) -> int:
        """The worker's process."""
        return self.ready.pid

    async def follow(self, request: Generate | ReadAhead) -> AsyncGenerator[Event, None]:
        """Send a request and yield its events; closing the iterator cancels it. Raises EngineError,
        of which WorkerEnded is one."""
        if self.dead:
            raise WorkerEnded(self._epitaph())
        following = self._following[request.id] = _Following()
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
                loop = asyncio.get_running_loop()
                loop.call_later(CANCEL_GRACE, self._see_it_ended, request.id)

    async def count(self, request: Count) -> Counted:
        """Send a request that is answered at once. Raises like `follow`."""
        if self.dead:
            raise WorkerEnded(self._epitaph())
        answer: asyncio.Future[Counted] = asyncio.get_running_loop().create_future()
        self._counting[request.id] = answer
        self._send(request)
        try:
            return await answer
        finally:
            del self._counting[request.id]

    async def close(self) -> None:
        """Leave the worker; it ends if nobody else needs it. Answers in flight fail."""
        self.dead = True
        self._fail_all(EngineError(self._epitaph()))
        self._link.hang_up()
        listener = self._listener or asyncio.create_task(self._listen())
        try:
            await asyncio.wait_for(asyncio.shield(listener), self._link.patience)
        except asyncio.TimeoutError:
            self._link.abandon()
            await listener

    def _see_it_ended(self, request_id: int, *, again: bool = False) -> None:
        """Kill a worker that goes on with a cancelled request. What it has sent may not have been
        read yet, if this process was stopped meanwhile: so it is looked at twice."""
        if self.dead or request_id not in self._following:
            return
        if again:
            self._link.kill()
        else:
            look = partial(self._see_it_ended, request_id, again=True)
            asyncio.get_running_loop().call_later(SECOND_LOOK, look)

    async def _listen(self) -> None:
        """Pass on what the worker says until it ends, however that comes."""
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
        self._exit_status = await self._link.ended()
        self._fail_all(WorkerEnded(self._epitaph()))
        self._on_death(self)

    async def _receive(self) -> Reply | None:
        """The next message, None when the worker is gone or talks nonsense."""
        reader = self._link.reader
        try:
            header = await reader.readexactly(LENGTH.size)
            payload = await reader.readexactly(frame_length(header))
            return decode(payload)  # type: ignore[return-value]
        except (asyncio.IncompleteReadError, OSError, ValueError):
            return None

    def _send(self, request: Request) -> None:
        self._link.writer.write(encode(request))

    def _fail_all(self, error: EngineError) -> None:
        for following in self._following.values():
            following.events.put_nowait(error)
        self._following.clear()
        for answer in self._counting.values():
            _settle(answer, error)

    def _epitaph(self) -> str:
        return f"The model's process {self._how_it_ended()}. It starts again with the next request."

    def _how_it_ended(self) -> str:
        status = self._exit_status
        if status is not None and status < 0:
            with suppress(ValueError):
                return f"was ended by {signal.Signals(-status).name}"
        return "ended unexpectedly"


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
