"""Reading ahead: the prompt of the code under the cursor is read before anybody asks about it.

On a laptop the wait is for reading, and the person is reading too: whoever looks at a function
long enough to want it explained has given the engine time to read it first.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from qwlsp.answers import Question
from qwlsp.cache import digest
from qwlsp.engine.interface import Engine
from qwlsp.engine.messages import Message, Reading
from qwlsp.errors import QwlspError
from qwlsp.lsp import convert
from qwlsp.text import Span

if TYPE_CHECKING:
    from qwlsp.lsp.session import Session

AFTER_LOOKING = 0.1
"""Seconds from a request for code actions on; the cursor may move on at once."""
AFTER_TYPING = 1.0
"""Seconds without a keystroke. While the person types, nothing is read: the code is not what it
will be, and the cores are theirs."""


class ReadAhead:
    """What is being read ahead for one editor window: one place, the latest."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._place: tuple[str, Span] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._typed_at = float("-inf")
        self._loading: asyncio.Task[None] | None = None
        self._planning: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._read: str | None = None

    def begin(self) -> None:
        """The editor has started. With a document open, the model will be needed soon, and it
        loads while everything else of the first question is prepared."""
        model, latency = self._session.service.model, self._session.service.settings.latency
        wanted = latency.read_ahead != "off" and any(self._session.documents)
        if model is not None and model.engine.reads_ahead and wanted:
            self._loading = asyncio.create_task(self._load(model.engine))
            if self._place is not None:  # it was looked at before there was a model
                self._wait(AFTER_LOOKING)

    @staticmethod
    async def _load(engine: Engine) -> None:
        with suppress(QwlspError):  # the person's question will say what is wrong
            await engine.start()

    def looked_at(self, uri: str, span: Span) -> None:
        """The cursor is here now."""
        self._place = uri, span
        loop = asyncio.get_running_loop()
        self._wait(max(AFTER_LOOKING, self._typed_at + AFTER_TYPING - loop.time()))

    def typed(self, uri: str, span: Span) -> None:
        """A keystroke: what is being read is out of date."""
        self._typed_at = asyncio.get_running_loop().time()
        self.stop()
        self.looked_at(uri, span)

    def opened(self, uri: str) -> None:
        """A file was opened; editors say only later where the cursor is."""
        asyncio.get_running_loop().call_later(AFTER_LOOKING, self._look_at_first, uri)

    def _look_at_first(self, uri: str) -> None:
        if self._place is None or self._place[0] != uri:
            with suppress(QwlspError):
                outline = self._session.snapshot(uri, None).outline
                first = next((d for d in outline.definitions if d.kind != "variable"), None)
                start = first.header.start if first else 0
                self.looked_at(uri, Span(start, start))

    def saved(self, uri: str) -> None:
        """A file was saved, with the cursor where it was."""
        if self._place is not None and self._place[0] == uri:
            self.looked_at(*self._place)

    def stop(self) -> None:
        """Read no further."""
        for waiting in (self._timer, self._planning, self._reading):
            if waiting is not None:
                waiting.cancel()
        self._reading = None

    def end(self) -> None:
        """The editor goes: do not even load the model."""
        self.stop()
        if self._loading is not None:
            self._loading.cancel()

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._session.service.settings.latency.read_ahead != "off":
            self._timer = asyncio.get_running_loop().call_later(seconds, self._start)

    def _start(self) -> None:
        model = self._session.service.model
        if self._place is None or model is None or not model.engine.reads_ahead:
            return
        uri, span = self._place
        with suppress(QwlspError):  # e.g. closed meanwhile
            question = Question(
                snapshot=self._session.snapshot(uri, None),
                span=span,
                file=convert.file_name(uri),
                detail=self._session.service.settings.answers.detail,
            )
            if self._planning is not None:
                self._planning.cancel()
            self._planning = asyncio.create_task(self._plan(question))

    async def _plan(self, question: Question) -> None:
        """Begin, unless the same has been read or is being read."""
        with suppress(QwlspError):  # nobody asked; the person's question will say what is wrong
            chats = await self._session.service.chats_ahead(question)
            plan = digest([message.parts for chat in chats for message in chat])
            if plan != self._read:
                if self._reading is not None:
                    self._reading.cancel()
                self._read = plan
                self._reading = asyncio.create_task(self._follow(chats, plan))

    async def _follow(self, chats: list[list[Message]], plan: str) -> None:
        model, settings = self._session.service.model, self._session.service.settings
        if model is None:
            return
        finished = False
        try:
            save_power = settings.latency.read_ahead == "auto"
            events = model.engine.read_ahead(chats, save_power=save_power)
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Reading):
                        self._session.status.reading(event.read, event.total, event.seconds_left)
            finished = True
        except QwlspError:
            pass  # as above
        finally:
            if not finished and self._read == plan:
                self._read = None
            if not self._session.jobs.busy:
                self._session.status.idle()
