"""One work-done progress: a bar in the editor, cancellable there."""

from __future__ import annotations

import uuid
from concurrent.futures import Future
from typing import Any

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol


class WorkDoneProgress:
    """Reports on a token of the client's, or on one made here if the client can show it.

    pygls's own `Progress` keeps every token for ever, and a task cancelled while it waits for the
    client breaks on the reply; here nothing is waited for: of the reports before the client has
    accepted the token, it gets the last one.
    """

    def __init__(
        self,
        protocol: LanguageServerProtocol,
        title: str,
        *,
        token: types.ProgressToken | None,
        can_create: bool,
    ) -> None:
        self._protocol = protocol
        self._title = title
        self._open = self._ended = False
        self._last: types.WorkDoneProgressReport | None = None
        self.token = token
        if token is not None:
            self._begin()
        elif can_create:
            self.token = str(uuid.uuid4())
            created = protocol.send_request(
                types.WINDOW_WORK_DONE_PROGRESS_CREATE,
                types.WorkDoneProgressCreateParams(self.token),
            )
            created.add_done_callback(self._on_created)

    def report(self, message: str, percentage: int) -> None:
        """Say how far the work is; `percentage` is of 100."""
        self._last = types.WorkDoneProgressReport(message=message, percentage=percentage)
        self._notify(self._last)

    def end(self, message: str) -> None:
        """Close the bar."""
        self._notify(types.WorkDoneProgressEnd(message=message))
        self._ended = True
        self._open = False

    def _on_created(self, created: Future[Any]) -> None:
        if not self._ended and not created.cancelled() and created.exception() is None:
            self._begin()

    def _begin(self) -> None:
        self._open = True
        self._notify(types.WorkDoneProgressBegin(title=self._title, cancellable=True, percentage=0))
        if self._last is not None:
            self._notify(self._last)

    def _notify(self, value: Any) -> None:
        if self._open and self.token is not None:
            self._protocol.notify(types.PROGRESS, types.ProgressParams(self.token, value))
