"""What the engine works on next, and when it must stop what it is doing.

Two threads meet here: the one that reads messages submits and cancels jobs, the one that owns
the model takes them. Stopping is a flag that the running decode looks at by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from qwlsp.engine.messages import Generate, ReadAhead


class Flag(Protocol):
    """Stops a running decode."""

    def set(self) -> None:
        """Stop it."""

    def clear(self) -> None:
        """Let the next ones run."""


class Stopped(Exception):
    """The running job must stop; what it has read stays in memory."""


@dataclass(eq=False)
class Job:
    """A request on its way through the engine."""

    request: Generate | ReadAhead
    cancelled: bool = False

    @property
    def in_background(self) -> bool:
        """Whether nobody waits for it."""
        return isinstance(self.request, ReadAhead)


class Scheduler:
    """People's requests first, in their order; reading ahead only when there is none."""

    def __init__(self, abort: Flag) -> None:
        self._abort = abort
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._idle = False

    def submit(self, request: Generate | ReadAhead) -> None:
        """Queue a request. A person's stops any reading ahead at once, to be resumed; another
        plan to read ahead replaces the one before."""
        job = Job(request)
        with self._changed:
            if job.in_background:
                for other in self._all():
                    other.cancelled |= other.in_background
            self._waiting.append(job)
            self._interrupt()
            self._changed.notify()

    def cancel(self, request_id: int) -> None:
        """Stop a request, whether it waits or runs; one that has ended is none of our business."""
        with self._changed:
            for job in self._all():
                job.cancelled |= job.request.id == request_id
            self._interrupt()

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
            job = next((j for j in self._waiting if not j.in_background), self._waiting[0])
            self._waiting.remove(job)
            self._running = job
            self._abort.clear()  # it may have been set for the job before, a moment too late
            return job

    def give_back(self, job: Job) -> bool:
        """Queue a stopped job again, unless it was cancelled."""
        with self._changed:
            if not job.cancelled:
                self._waiting.append(job)
            return not job.cancelled

    def check(self) -> None:
        """Raise Stopped if the running job, or what is done in idle time, must stop; if not, its
        decodes may go on."""
        with self._changed:
            if self._unwanted():
                raise Stopped
            self._abort.clear()

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

    def _all(self) -> list[Job]:
        return [*self._waiting, *([self._running] if self._running else [])]
