"""A minimal LSP client for measurements: no threads, no conversion, nothing but the wire."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

Json = dict[str, Any]

LONGEST_WAIT = 600.0
"""Seconds without an awaited message until the server counts as stuck."""


@dataclass(frozen=True)
class Notification:
    """What the server said of its own accord, `at` this `time.perf_counter()`."""

    method: str
    params: Json
    at: float


class LspClient:
    """A server process and the pipe to it. Requests of the server's own are answered with null.

    As a context manager it shuts the server down. Needs `select` on pipes: not for Windows.
    """

    def __init__(self, command: Sequence[str], env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=env,
        )
        self.notifications: list[Notification] = []
        self._replies: dict[int, Json] = {}
        self._received = b""
        self._next_id = 0

    def __enter__(self) -> LspClient:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:  # it may not even listen any more
            self.process.kill()
            self._close_pipes()

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def begin(self, method: str, params: Any) -> int:
        """Send a request; returns its id, for `reply`."""
        self._next_id += 1
        self._send({"id": self._next_id, "method": method, "params": params})
        return self._next_id

    def reply(self, request_id: int) -> Any:
        """Wait for a request's result. Raises RuntimeError on an error response."""
        while request_id not in self._replies:
            self._expect()
        message = self._replies.pop(request_id)
        if "error" in message:
            raise RuntimeError(message["error"]["message"])
        return message.get("result")

    def request(self, method: str, params: Any) -> Any:
        """Send a request and wait for its result. Raises RuntimeError on an error response."""
        return self.reply(self.begin(method, params))

    def find(self, wanted: Callable[[Notification], bool], *, since: int) -> Notification:
        """The first wanted one of `notifications[since:]`, which is waited for."""
        while True:
            for notification in self.notifications[since:]:
                if wanted(notification):
                    return notification
            since = max(since, len(self.notifications))
            self._expect()

    def listen(self, seconds: float) -> bool:
        """Take what comes within this time; False if it was nothing. Ends with a message."""
        message = self._receive(time.perf_counter() + seconds)
        if message is not None:
            self._take(message)
        return message is not None

    def close(self) -> None:
        """Shut the server down."""
        self.request("shutdown", None)
        self.notify("exit", None)
        self._close_pipes()

    def _close_pipes(self) -> None:
        self.process.wait(timeout=10)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def _expect(self) -> None:
        if not self.listen(LONGEST_WAIT):
            raise RuntimeError(f"the server said nothing for {LONGEST_WAIT:.0f} seconds")

    def _take(self, message: Json) -> None:
        if "method" not in message:
            self._replies[message["id"]] = message
        elif "id" in message:
            self._send({"id": message["id"], "result": None})
        else:
            notification = Notification(
                message["method"], message.get("params") or {}, time.perf_counter()
            )
            self.notifications.append(notification)

    def _send(self, message: Json) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        frame = memoryview(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        assert self.process.stdin is not None
        while frame:
            frame = frame[self.process.stdin.write(frame) :]

    def _receive(self, deadline: float) -> Json | None:
        """The next message, None if there is none in time."""
        assert self.process.stdout is not None
        while (message := self._buffered()) is None:
            left = max(0.0, deadline - time.perf_counter())
            if not select.select([self.process.stdout], [], [], left)[0]:
                return None
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                raise RuntimeError("the server closed the connection")
            self._received += data
        return message

    def _buffered(self) -> Json | None:
        """The first message of what has been received, None as long as it is incomplete."""
        header, separator, rest = self._received.partition(b"\r\n\r\n")
        if not separator:
            return None
        fields = dict(line.lower().split(b":", 1) for line in header.split(b"\r\n"))
        length = int(fields[b"content-length"])
        if len(rest) < length:
            return None
        self._received = rest[length:]
        message: Json = json.loads(rest[:length])
        return message
