"""What the engine is doing, for editors that show it in their status bar."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Notify = Callable[[dict[str, Any]], None]


class Status:
    """Turns what happens into `qwlsp/status` notifications, each state once."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._model: str | None = None
        self._last: dict[str, Any] | None = None
        self._reading_since: tuple[float, int] | None = None

    def model(self, name: str | None) -> None:
        """The model in use has changed; None: there is none."""
        self._model = name
        self.idle()

    def loading(self) -> None:
        """The model is being loaded."""
        self._send("loading")

    def idle(self) -> None:
        """Nothing is going on."""
        self._reading_since = None
        self._send("idle" if self._model else "no-model")

    def failed(self) -> None:
        """The model can't be used."""
        self._send("failed")

    def reading(self, read: int, total: int) -> None:
        """`read` of `total` prompt tokens have been read."""
        now = time.monotonic()
        if self._reading_since is None:
            self._reading_since = (now, read)
        since, before = self._reading_since
        speed = (read - before) / (now - since) if now > since else 0.0
        left = round((total - read) / speed, 1) if speed > 0 else None
        self._send("reading", tokensRead=read, tokensToRead=total, secondsLeft=left)

    def writing(self) -> None:
        """The answer is being written."""
        self._reading_since = None
        self._send("writing")

    def _send(self, state: str, **more: Any) -> None:
        message = {"state": state, "model": self._model, **more}
        if message != self._last:
            self._last = message
            self._notify(message)
