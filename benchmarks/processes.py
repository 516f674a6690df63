"""Memory of running processes, in MiB."""

from __future__ import annotations

from pathlib import Path

import psutil

MIB = 1 << 20


def resident_mib(*pids: int) -> float:
    """What processes have in memory now, pages of the model's file included."""
    return sum(float(psutil.Process(pid).memory_info().rss) for pid in pids) / MIB


def peak_mib(pid: int) -> float:
    """The most that a process has had in memory. Raises OSError where there is no /proc."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def worker_of(server_pid: int) -> int:
    """The model's process of a running server."""
    (worker,) = psutil.Process(server_pid).children()
    pid: int = worker.pid
    return pid
