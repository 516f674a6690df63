"""Answers in the making: one job for each command, cancellable by id, progress bar or request."""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from qwlsp.answers import Answer, Question, ReadingPrompt, Update, Writing
from qwlsp.errors import EngineError, ModelError, QwlspError
from qwlsp.lsp.progress import WorkDoneProgress
from qwlsp.text import Range

if TYPE_CHECKING:
    from qwlsp.lsp.session import Session

READING_SHARE = 60
"""Percent of the progress bar for reading the prompt; the rest is for writing."""
WORTH_SAYING = 1.5
"""Seconds left that a person is told of."""
MAX_KEPT = 100
"""Answers that can still be gone on with."""


@dataclass(frozen=True)
class Kept:
    """An answer that was given, and the question it answers."""

    question: Question
    answer: Answer


@dataclass(eq=False)
class Job:
    """One question on its way to an answer."""

    id: str
    title: str
    uri: str
    range: Range
    """Of the code it is about, as the client counts."""
    question: Question
    progress: WorkDoneProgress
    waited_for: bool
    """Whether the answer is the command's own reply."""
    task: asyncio.Task[Answer] | None = None

    async def result(self) -> Answer:
        """The answer; if whoever waits for it is cancelled, so is the job."""
        assert self.task is not None
        return await self.task


class Jobs:
    """The jobs of one server."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ids = itertools.count(1)
        self._running: dict[str, Job] = {}
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def start(
        self,
        question: Question,
        updates: AsyncGenerator[Update, None],
        *,
        uri: str,
        range_: Range,
        title: str,
        token: types.ProgressToken | None,
        waited_for: bool,
    ) -> Job:
        """Follow `updates` in the background, telling the editor about them."""
        progress = WorkDoneProgress(
            self._session.server.protocol,
            title,
            token=token,
            can_create=self._session.server.can_make_progress,
        )
        for other in list(self._running.values()):
            if (other.uri, other.range, other.title) == (uri, range_, title):
                self.cancel(other.id)  # asked again before it was answered: one answer is enough
        job_id = str(next(self._ids))
        job = Job(job_id, title, uri, range_, question, progress, waited_for)
        self._running[job.id] = job
        job.task = asyncio.create_task(self._run(job, updates))
        job.task.add_done_callback(_retrieve)
        return job

    @property
    def busy(self) -> bool:
        """Whether anybody waits for an answer."""
        return bool(self._running)

    def kept(self, job_id: str) -> Kept | None:
        """An earlier answer, None if it is too long ago."""
        return self._kept.get(job_id)

    def cancel(self, job_id: str) -> None:
        """Stop a job; one that has ended stays as it is."""
        job = self._running.get(job_id)
        if job is not None and job.task is not None:
            job.task.cancel()

    def cancel_progress(self, token: types.ProgressToken) -> None:
        """Stop the job that reports on `token`."""
        for job in list(self._running.values()):
            if job.progress.token == token:
                self.cancel(job.id)

    async def cancel_all(self) -> None:
        """Stop everything and wait for it."""
        tasks = [job.task for job in self._running.values() if job.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job: Job, updates: AsyncGenerator[Update, None]) -> Answer:
        last_words, settle = "done", self._session.status.idle
        try:
            async with aclosing(updates):
                async for update in updates:
                    if isinstance(update, Answer):
                        self._keep(job, update)
                        self._session.publish(job, update.markdown, result=update)
                        return update
                    self._report(job, update)
            raise EngineError("The answer ended without a result.")
        except asyncio.CancelledError:
            last_words = "cancelled"
            self._session.publish(job, "", cancelled=True)
            raise
        except Exception as error:  # whatever it is, the person must not wait for ever
            last_words = str(error) if isinstance(error, QwlspError) else f"It failed: {error}."
            if isinstance(error, ModelError):
                settle = self._session.status.failed
            self._session.publish(job, "", error=last_words)
            raise
        finally:
            del self._running[job.id]
            job.progress.end(last_words)
            if not self._running:
                settle()

    def _report(self, job: Job, update: ReadingPrompt | Writing) -> None:
        if isinstance(update, ReadingPrompt):
            read, total, left = update.read, update.total, update.seconds_left
            job.progress.report(
                f"reading, {read} of {total} tokens{_time_left(left)}",
                READING_SHARE * read // max(total, 1),
            )
            self._session.status.reading(read, total, left)
        else:
            longest = self._session.service.settings.generation.max_tokens
            written = (100 - READING_SHARE) * update.tokens // max(longest, 1)
            job.progress.report(
                f"writing, {update.tokens} tokens", min(READING_SHARE + written, 100)
            )
            self._session.publish(job, update.markdown)
            self._session.status.writing()

    def _keep(self, job: Job, answer: Answer) -> None:
        self._kept[job.id] = Kept(job.question, answer)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)


def _time_left(seconds: float) -> str:
    """Nothing where it is hardly worth saying."""
    if seconds < WORTH_SAYING:
        return ""
    return f", {seconds:.0f} s left" if seconds < 100 else f", {seconds / 60:.0f} min left"


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Errors were shown where they happened; asyncio need not warn about them again."""
    if not task.cancelled():
        task.exception()
