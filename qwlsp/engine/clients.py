"""Whom the worker works for: one program at the other end of two pipes, or all that connect to a
socket. Each has a thread that reads its messages, and the process ends when the last one has gone.
"""

from __future__ import annotations

import hmac
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwlsp.engine.messages import (
    LENGTH,
    Cancel,
    Count,
    Counted,
    Done,
    Failed,
    Generate,
    LoadFailed,
    ReadAhead,
    Ready,
    Reply,
    Request,
    Start,
    decode,
    encode,
    frame_length,
)
from qwlsp.engine.scheduler import Job, Scheduler
from qwlsp.errors import QwlspError

if TYPE_CHECKING:
    from qwlsp.engine.tokenizing import ChatTokenizer

PATIENCE = 5
"""Seconds that the first client may take to come, and any of them to read what it is sent: one
that has stopped reading must not hold up the others."""


class Client:
    """A program that asks for answers. What can't be sent to it any more is dropped."""

    def __init__(self, source: Any, target: Any) -> None:
        """Two binary streams: `read(size)` of the first, `write(data)` and `close()` of both."""
        self._source = source
        self._target = target
        self._sending = threading.Lock()

    def send(self, reply: Reply) -> None:
        """Send one message."""
        with self._sending, suppress(OSError, ValueError):
            self._target.write(encode(reply))

    def receive(self) -> Request | None:
        """The next message, None when the client is gone or talks nonsense."""
        try:
            header = self._source.read(LENGTH.size)
            if len(header) < LENGTH.size:
                return None
            message = decode(self._source.read(frame_length(header)))
        except (OSError, ValueError):  # e.g. half a message, by a client that died while it wrote
            return None
        return message if isinstance(message, (Start, Count, Generate, ReadAhead, Cancel)) else None

    def close(self) -> None:
        """Let it see that nothing will come any more."""
        for stream in (self._source, self._target):
            with suppress(OSError):
                stream.close()


def on_pipes() -> Client:
    """The one client of a worker of its own. Takes the standard streams for it: a stray print must
    not corrupt a frame."""
    source = os.fdopen(os.dup(0), "rb")
    target = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return Client(source, target)


class Listener:
    """The socket of a shared worker, in a folder that is closed to everybody else."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is that of a socket that listens already."""
        self._socket = socket.socket(fileno=descriptor)
        self._path = Path(self._socket.getsockname())
        self._file = self._path.stat().st_ino
        self._secret = self._path.with_name("secret").read_text()

    def accept(self, patience: float | None = None) -> Client | None:
        """Wait for a client; None when none has come after `patience` seconds."""
        self._socket.settimeout(patience)
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return None
        connection.settimeout(None)
        limit = struct.pack("ll", PATIENCE, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        return Client(connection.makefile("rb"), _Sender(connection))

    def greeted(self, client: Client) -> Start | None:
        """A client's first message, if it knows the secret; else it is turned away."""
        start = client.receive()
        if isinstance(start, Start) and _same(start.secret, self._secret):
            return start
        client.close()
        return None

    def remove(self) -> None:
        """Take the socket's file away, just before the process ends: who connected a moment ago
        sees the connection end, and looks again."""
        import fcntl

        with suppress(OSError), self._path.with_name("lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # nobody starts a worker now
            if self._path.stat().st_ino == self._file:  # ours was not replaced
                self._path.unlink()


class _Sender:
    """The writing end of a socket: a stream of it would take a time limit for the end."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except OSError:  # half a message may have been sent: nothing that follows makes sense
            self.close()
            raise

    def close(self) -> None:
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class Clients:
    """All clients there are."""

    def __init__(self, scheduler: Scheduler, listener: Listener | None = None) -> None:
        self._scheduler = scheduler
        self._listener = listener
        self._lock = threading.Lock()
        self._all: list[Client] = []
        self._ready: Ready | None = None
        self._tokenizer: Future[ChatTokenizer] = Future()
        self._last_used = time.monotonic()
        self._linger = 0.0

    def welcome(self, client: Client, start: Start) -> None:
        """Serve a client from now on, in a thread of its own."""
        with self._lock:
            self._all.append(client)
            self._linger = max(self._linger, start.linger)
            if self._ready is not None:
                client.send(self._ready)
        _in_thread(self._serve, client)

    def welcome_all(self, listener: Listener) -> None:
        """Serve whoever connects, for ever."""

        def welcome(client: Client) -> None:
            if (start := listener.greeted(client)) is not None:
                self.welcome(client, start)

        while True:
            if (client := listener.accept()) is not None:
                _in_thread(welcome, client)  # one that says nothing keeps nobody waiting

    def loaded(self, ready: Ready, tokenizer: ChatTokenizer) -> None:
        """Tell everybody that the model is loaded, those too who come later."""
        self._tokenizer.set_result(tokenizer)
        with self._lock:
            self._ready = ready
            for client in self._all:
                client.send(ready)

    def failed(self, sentence: str) -> None:
        """Tell everybody that it can't be loaded."""
        with self._lock:
            for client in self._all:
                client.send(LoadFailed(sentence=sentence))

    def used(self) -> None:
        """The model has just been at work."""
        self._last_used = time.monotonic()

    def _serve(self, client: Client) -> None:
        try:
            while (message := client.receive()) is not None:
                if isinstance(message, (Generate, ReadAhead)):
                    self.used()
                    _say_cancelled(self._scheduler.submit(client, message))
                elif isinstance(message, Cancel):
                    _say_cancelled(self._scheduler.cancel(client, message.id))
                elif isinstance(message, Count):  # here, because the model may be at work
                    client.send(_counted(self._tokenizer.result(), message))
        finally:
            self._leave(client)

    def _leave(self, client: Client) -> None:
        self._scheduler.leave(client)
        with self._lock:
            self._all.remove(client)
        self._end_if_unused()
        client.close()

    def _end_if_unused(self) -> None:
        with self._lock:
            if self._all:
                return
            wait = self._linger - (time.monotonic() - self._last_used)
            if wait > 0 and self._ready is not None:
                timer = threading.Timer(wait, self._end_if_unused)
                timer.daemon = True
                timer.start()
                return
            if self._listener is not None:
                self._listener.remove()
            os._exit(0)  # whatever the model is doing, nobody waits for it any more


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


def _in_thread(serve: Callable[[Client], None], client: Client) -> None:
    threading.Thread(target=serve, args=(client,), daemon=True).start()


def _say_cancelled(jobs: list[Job]) -> None:
    for job in jobs:
        job.client.send(Done(id=job.request.id, finish="cancelled"))


def _counted(tokenizer: ChatTokenizer, request: Count) -> Counted | Failed:
    try:
        return tokenizer.count(request)
    except QwlspError as error:
        return Failed(id=request.id, sentence=str(error))
