"""What the engine works on next, and when it must stop what it is doing.

Two threads meet here: the one that reads messages submits and cancels jobs, the one that owns
the model takes them. Stopping is a flag that the running decode looks at by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from qwlsp.engine.messages import Generate


class Flag(Protocol):
    """Stops a running decode."""

    def set(self) -> None:
        """Stop it."""

    def clear(self) -> None:
        """Let the next ones run."""


@dataclass(eq=False)
class Job:
    """A request on its way through the engine."""

    request: Generate
    cancelled: bool = False


class Scheduler:
    """A queue of jobs, first come, first served."""

    def __init__(self, abort: Flag) -> None:
        self._abort = abort
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None

    def submit(self, request: Generate) -> None:
        """Queue a request."""
        with self._changed:
            self._waiting.append(Job(request))
            self._changed.notify()

    def cancel(self, request_id: int) -> None:
        """Stop a request, whether it waits or runs; one that has ended is none of our business."""
        with self._changed:
            for job in (self._running, *self._waiting):
                if job is not None and job.request.id == request_id:
                    job.cancelled = True
            if self._running is not None and self._running.cancelled:
                self._abort.set()

    def take(self) -> Job:
        """Wait for the next job and make it the running one. The one before it has ended."""
        with self._changed:
            self._running = None
            self._changed.wait_for(lambda: self._waiting)
            self._running = self._waiting.popleft()
            self._abort.clear()  # it may have been set for the job before, a moment too late
            return self._running

    def must_stop(self) -> bool:
        """Whether the running job has been cancelled; if not, its decodes may go on."""
        with self._changed:
            if self._running is not None and self._running.cancelled:
                return True
            self._abort.clear()
            return False
