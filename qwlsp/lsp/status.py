"""What the engine is doing, for editors that show it in their status bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Notify = Callable[[dict[str, Any]], None]


class Status:
    """Turns what happens into `qwlsp/status` notifications, each state once."""

    def __init__(self, notify: Notify, model: Callable[[], str | None]) -> None:
        """`model` gives the name of the model in use as far as it is known now."""
        self._notify = notify
        self._model = model
        self._last: dict[str, Any] | None = None

    def loading(self) -> None:
        """The model is being loaded."""
        self._send("loading")

    def idle(self) -> None:
        """Nothing is going on."""
        self._send("idle" if self._model() else "no-model")

    def failed(self) -> None:
        """The model can't be used."""
        self._send("failed")

    def reading(self, read: int, total: int, seconds_left: float) -> None:
        """`read` of `total` prompt tokens have been read."""
        left = round(seconds_left, 1)
        self._send("reading", tokensRead=read, tokensToRead=total, secondsLeft=left)

    def writing(self) -> None:
        """The answer is being written."""
        self._send("writing")

    def _send(self, state: str, **more: Any) -> None:
        message = {"state": state, "model": self._model(), **more}
        if message != self._last:
            self._last = message
            self._notify(message)
