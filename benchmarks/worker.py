"""The engine's worker process, spoken to without the client, each message timed as it arrives."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

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
    Message,
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


@dataclass(frozen=True)
class Timed:
    """An event, and the `time.perf_counter()` at which it came."""

    event: Event
    at: float


class Worker:
    """A worker with its model loaded. Raises RuntimeError wherever it fails."""

    def __init__(self, config: EngineConfig) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qwlsp.engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._ids = itertools.count(1)
        self._send(Start(config=config))
        reply = self._receive()
        if not isinstance(reply, Ready):
            self._end()
            reason = reply.sentence if isinstance(reply, LoadFailed) else "the worker has ended"
            raise RuntimeError(reason)
        self.context_length = reply.context_length

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def generate(self, parts: list[str], *, max_tokens: int, **more: Any) -> int:
        """Ask for an answer to a chat of one turn; returns the request's id."""
        messages = [Message(role="user", parts=parts)]
        request = Generate(id=next(self._ids), messages=messages, max_tokens=max_tokens, **more)
        self._send(request)
        return request.id

    def read_ahead(self, parts: list[str]) -> None:
        """Ask for a chat of one turn to be read while there is nothing else to do."""
        chat = [Message(role="user", parts=parts)]
        self._send(ReadAhead(id=next(self._ids), chats=[chat], save_power=False))

    def cancel(self, request_id: int) -> None:
        """Stop a request."""
        self._send(Cancel(id=request_id))

    def events(self, request_id: int) -> Iterator[Timed]:
        """What comes of a request, until it has ended."""
        while True:
            reply = self._receive()
            at = time.perf_counter()
            if isinstance(reply, (Ready, LoadFailed, Counted)) or reply.id != request_id:
                continue
            if isinstance(reply, Failed):
                raise RuntimeError(reply.sentence)
            yield Timed(reply, at)
            if isinstance(reply, Done):
                return

    def _send(self, request: Request) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(encode(request))
        self.process.stdin.flush()

    def _receive(self) -> Reply:
        assert self.process.stdout is not None
        header = self.process.stdout.read(LENGTH.size)
        if len(header) < LENGTH.size:
            raise RuntimeError("the worker has ended")
        reply = decode(self.process.stdout.read(frame_length(header)))
        assert not isinstance(reply, (Start, Count, Generate, ReadAhead, Cancel))
        return reply

    def _end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


def reading_speed(events: list[Timed]) -> float:
    """Tokens a second at which what was new of a prompt has been read."""
    read = [(t.event.read, t.at) for t in events if isinstance(t.event, Reading)]
    return _speed(read)


def writing_speed(events: list[Timed]) -> float:
    """Tokens a second, from the first piece of the answer to the last."""
    return _speed([(t.event.tokens, t.at) for t in events if isinstance(t.event, Piece)])


def answering_speed(events: list[Timed]) -> float:
    """Tokens a second of a whole answer, from the moment that the prompt has been read."""
    *_, read = (t for t in events if isinstance(t.event, Reading))
    done = events[-1]
    assert isinstance(done.event, Done)
    return done.event.output_tokens / (done.at - read.at)


def _speed(counts: list[tuple[int, float]]) -> float:
    (first, began), *_, (last, ended) = counts
    return (last - first) / (ended - began)
