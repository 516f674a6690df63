"""Fetches a model for an editor: asked for or offered, confirmed, with a progress bar."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from qwlsp.errors import QwlspError
from qwlsp.home import models_folder
from qwlsp.lsp.progress import WorkDoneProgress
from qwlsp.models import presets
from qwlsp.models.presets import DEFAULT_NAME, Source, read_source

if TYPE_CHECKING:
    from qwlsp.lsp.session import Session

FETCH, NOT_NOW = "Fetch it", "Not now"
NO_MODEL = "There is no model on this machine, so answers come from the syntax tree alone."


class Pulling:
    """The one download that an editor window may have running."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._offered = False
        self._progress: WorkDoneProgress | None = None
        self._stopped = threading.Event()
        self._task: asyncio.Task[None] | None = None

    def offer(self) -> None:
        """Say once that there is no model, and how to get one."""
        if not self._offered:
            self._offered = True
            self._task = asyncio.create_task(self._offer())

    async def pull(self, name: str, *, because: str = "") -> None:
        """Fetch the model of that name, the default one if it is empty, if the person agrees. What
        goes wrong is said to them."""
        source = read_source(name or DEFAULT_NAME)
        hub = self._session.service.settings.model.hub_endpoint
        asked = presets.question(source, hub or os.environ.get("HF_ENDPOINT", ""))
        if await self._session.ask_person(f"{because} {asked}".strip(), [FETCH, NOT_NOW]) != FETCH:
            return
        if self._progress is not None:
            self._session.show("A model is being fetched already.", types.MessageType.Info)
            return
        self._progress = WorkDoneProgress(
            self._session.server.protocol,
            f"Fetching {source.file}",
            token=None,
            can_create=self._session.server.can_make_progress,
        )
        self._stopped.clear()
        ended = "done"
        try:
            self._use(await asyncio.to_thread(self._fetch, source, hub, asyncio.get_running_loop()))
        except QwlspError as error:
            ended = str(error)
            self._session.show(ended, types.MessageType.Error)
        finally:
            self._stopped.set()  # also where the wait for the thread was given up
            self._progress.end(ended)
            self._progress = None

    def cancel_progress(self, token: types.ProgressToken) -> None:
        """The person closed a progress bar; it may be ours."""
        if self._progress is not None and self._progress.token == token:
            self._stopped.set()

    def close(self) -> None:
        """Stop: what has arrived is kept."""
        self._stopped.set()

    async def _offer(self) -> None:
        try:
            await self.pull("", because=NO_MODEL)
        except QwlspError as error:
            self._session.show(str(error), types.MessageType.Error)

    def _fetch(self, source: Source, hub: str, loop: asyncio.AbstractEventLoop) -> Path:
        """In a thread of its own."""
        from qwlsp.models.pull import pull

        shown = -1

        def on_progress(done: int, total: int) -> None:
            nonlocal shown
            percentage = 100 * done // max(total, 1)
            if percentage != shown and not self._stopped.is_set():
                shown = percentage
                words = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
                loop.call_soon_threadsafe(self._report, words, percentage)

        return pull(
            source,
            models_folder(),
            endpoint=hub,
            on_progress=on_progress,
            cancelled=self._stopped.is_set,
        )

    def _report(self, words: str, percentage: int) -> None:
        if self._progress is not None:
            self._progress.report(words, percentage)

    def _use(self, path: Path) -> None:
        """Take the new model, unless the settings want another one."""
        session = self._session
        session.configure(session.service.settings)
        model = session.service.model
        used = model is not None and model.name == path.stem
        how = "It is used from now on" if used else "The settings name another model"
        session.show(f"{path.name} is here. {how}.", types.MessageType.Info)
