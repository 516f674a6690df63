"""What the engine works on next, and when it must stop what it is doing.

Threads meet here: those that read clients' messages submit and cancel jobs, the one that owns the
model takes them. Stopping is a flag that the running decode looks at by itself.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from qwlsp.engine.messages import Generate, ReadAhead, Reply


class Flag(Protocol):
    """Stops a running decode."""

    def set(self) -> None:
        """Stop it."""

    def clear(self) -> None:
        """Let the next ones run."""


class Stopped(Exception):
    """The running job must stop; what it has read stays in memory."""


class Client(Protocol):
    """Who submits jobs; each has ids of its own."""

    def send(self, reply: Reply) -> None:
        """Tell it how a job is going."""


@dataclass(eq=False)
class Job:
    """A request on its way through the engine."""

    client: Client
    request: Generate | ReadAhead
    cancelled: bool = False

    @property
    def in_background(self) -> bool:
        """Whether nobody waits for it."""
        return isinstance(self.request, ReadAhead)


class Scheduler:
    """People's requests first, the clients in turns; reading ahead only when there is none."""

    def __init__(self, abort: Flag) -> None:
        self._abort = abort
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._idle = False
        self._turns = itertools.count(1)
        self._last_turn: dict[Client, int] = {}

    def submit(self, client: Client, request: Generate | ReadAhead) -> list[Job]:
        """Queue a request. A person's stops any reading ahead at once, to be resumed; another
        plan to read ahead replaces the one that the client had before. Returns what will not be
        done therefore."""
        job = Job(client, request)
        with self._changed:
            dropped: list[Job] = []
            if job.in_background:
                dropped = self._cancel(lambda other: other.client is client and other.in_background)
            self._waiting.append(job)
            self._interrupt()
            self._changed.notify()
        return dropped

    def cancel(self, client: Client, request_id: int) -> list[Job]:
        """Stop a request if it runs. Returns it if it was still waiting: it never will be done.
        One that has ended is none of our business."""
        with self._changed:
            return self._cancel(
                lambda job: job.client is client and job.request.id == request_id,
            )

    def leave(self, client: Client) -> None:
        """Drop whatever a client wanted."""
        with self._changed:
            self._cancel(lambda job: job.client is client)
            self._last_turn.pop(client, None)

    def take(self, timeout: float | None = None) -> Job | None:
        """Wait for the next job and make it the running one; the one before it has ended. None
        after `timeout` seconds without any: then whatever is done until the next call makes way
        for any job."""
        with self._changed:
            self._running, self._idle = None, False
            self._changed.wait_for(lambda: self._waiting, timeout)
            if not self._waiting:
                self._idle = True
                return None
            job = min(self._waiting, key=self._place_in_line)  # the first of equal ones
            self._waiting.remove(job)
            self._last_turn[job.client] = next(self._turns)
            self._running = job
            self._abort.clear()  # it may have been set for the job before, a moment too late
            return job

    def give_back(self, job: Job) -> bool:
        """Queue a stopped job again, unless it was cancelled."""
        with self._changed:
            if not job.cancelled:
                self._waiting.append(job)
                self._running = None
            return not job.cancelled

    def check(self) -> None:
        """Raise Stopped if the running job, or what is done in idle time, must stop; if not, its
        decodes may go on."""
        with self._changed:
            if self._unwanted():
                raise Stopped
            self._abort.clear()

    def _place_in_line(self, job: Job) -> tuple[bool, int]:
        return job.in_background, self._last_turn.get(job.client, 0)

    def _cancel(self, wanted: Callable[[Job], bool]) -> list[Job]:
        """Drop waiting jobs and return them; the running one is told to stop."""
        dropped = [job for job in self._waiting if wanted(job)]
        for job in dropped:
            self._waiting.remove(job)
        if self._running is not None and wanted(self._running):
            self._running.cancelled = True
        self._interrupt()
        return dropped

    def _unwanted(self) -> bool:
        """Whether what is running is cancelled, or has to make way."""
        job = self._running
        if job is None:
            return self._idle and bool(self._waiting)
        return job.cancelled or (
            job.in_background and any(not other.in_background for other in self._waiting)
        )

    def _interrupt(self) -> None:
        if self._unwanted():
            self._abort.set()
