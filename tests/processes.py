"""Waiting for processes that are not our children."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil

POLL_SECONDS = 0.02


def all_end(processes: Iterable[psutil.Process], seconds: float) -> bool:
    """Whether all of them end within so many seconds. A zombie has ended: whether it is taken
    away is up to whoever inherited it."""
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left := [process for process in left if _lives(process)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
