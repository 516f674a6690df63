"""Runs the program as a person does: as a process, with pipes or in a terminal."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil

TIMEOUT = 60.0
"""Seconds after which a test gives up; a run takes one or two."""
QWLSP = (sys.executable, "-m", "qwlsp")
_IN_TERMINAL = (
    "import fcntl, os, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "signal.signal(signal.SIGINT, signal.SIG_DFL);"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
"""Makes standard input the controlling terminal, so that ^C in it is a signal; one that is heard,
even if the tests run in the background, where shells have it ignored."""


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        [line] = self.stdout.splitlines()
        data: dict[str, Any] = json.loads(line)
        return data


def qwlsp(*arguments: object, inside: Sequence[str] = (), **environment: str) -> Run:
    """Run with `arguments`, nothing to read, and pipes to write to; `inside` is a command that
    starts another one."""
    done = subprocess.run(
        [*inside, *QWLSP, *map(str, arguments)],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        timeout=TIMEOUT,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Run(done.returncode, done.stdout, done.stderr)


class Terminal:
    """A run in a terminal; `screen` is all that was written to it so far."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self.screen = ""
        self._master = master
        self._deadline = time.monotonic() + TIMEOUT

    def type(self, keys: str) -> None:
        """Press keys; "\\x03" is Ctrl-C."""
        os.write(self._master, keys.encode())

    def read_until(self, enough: Callable[[str], bool]) -> None:
        """Wait until the screen shows enough."""
        while not enough(self.screen):
            assert self._read(), f"no more came than {self.screen!r}"

    def interrupt(self) -> int:
        """Press Ctrl-C at a question until it is heard, and return the exit status. Between asking
        and reading what is typed, Python only remembers it until something is."""
        while self.process.poll() is None:
            self.type("\x03")
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        return self.read_to_the_end()

    def read_to_the_end(self) -> int:
        """The exit status, once every process has let go of the terminal."""
        while self._read():
            pass
        return self.process.wait(TIMEOUT)

    def _read(self) -> bool:
        left = max(self._deadline - time.monotonic(), 0)
        ready, _, _ = select.select([self._master], [], [], left)
        assert ready, f"nothing came for {TIMEOUT} s after {self.screen!r}"
        try:
            data = os.read(self._master, 65536)
        except OSError:  # how Linux says that nobody is at the other end
            return False
        self.screen += data.decode("utf-8", "replace")
        return bool(data)

    def children(self) -> list[psutil.Process]:
        """The processes that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def in_terminal(*arguments: object) -> Iterator[Terminal]:
    """A run in a terminal of its own."""
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _IN_TERMINAL, "-m", "qwlsp", *map(str, arguments)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(slave)
    terminal = Terminal(process, master)
    try:
        yield terminal
    finally:
        if process.poll() is None:
            for each in [*terminal.children(), psutil.Process(process.pid)]:
                each.kill()
            process.wait(TIMEOUT)
        os.close(master)
