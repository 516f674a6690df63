"""Gets hold of a worker: the one that this person's other windows use, or a new one.

Windows with the same settings, model and version share a worker through a socket in a folder that
only this person can enter. Whoever finds nobody listening there starts a worker, under a lock, and
hands the listening socket over to it: those who connect meanwhile wait in its queue. A worker
that ends removes its socket, under the same lock; that of one that was killed is replaced. Where
there are no such sockets, or no such folder, a window has a worker of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import secrets
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from qwlsp import __version__
from qwlsp.engine.messages import EngineConfig

EXIT_GRACE = 1.0
"""Seconds a worker may take to end after its pipe has closed."""
SECRET = re.compile(r"[0-9a-f]{64}")
LOCK_PATIENCE = 5.0
"""Seconds that another window may take to start a worker, before we have one of our own."""
LOCK_POLL = 0.01
"""Seconds between two looks whether another window has finished starting a worker."""
QUEUE = 64
"""Windows that may connect while the worker starts."""
SPIN_COUNT = "1000000"
"""How often a thread of llama.cpp looks before it sleeps while it waits for the others: about ten
milliseconds long. To sleep soon is faster only while another program wants a whole core; it costs
a sixth beside one that wants it for 3 of every 10 ms, as an editor may, and a twentieth on a quiet
machine. Between the two, a thread falls asleep just when the other one comes back, and all is many
times slower."""
COMMAND = (sys.executable, "-m", "qwlsp.engine.worker")


class Link:
    """A stream to a worker, and what is known of its process."""

    secret = ""
    """What the worker wants to hear first."""
    patience: float
    """Seconds that the worker may take to close its side after a `hang_up`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pid: int | None
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.pid = pid
        """None until it has said so, where another window has started it."""

    @property
    def is_new(self) -> bool:
        """Whether the worker was started for this link."""
        return True

    def hang_up(self) -> None:
        """Send nothing any more; the worker then closes its side."""

    def abandon(self) -> None:
        """Give up a worker that has not closed its side."""

    def kill(self) -> None:
        """End a worker that does not react."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    async def ended(self) -> int | None:
        """To be called at the end of the stream: how the process has ended, None if that is not
        known or it lives on. Frees what the link takes."""
        raise NotImplementedError


class PrivateLink(Link):
    """To a worker of our own, on pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        super().__init__(process.stdout, process.stdin, process.pid)
        self._process = process

    patience = 5.0

    def hang_up(self) -> None:
        """Close the pipe."""
        self.writer.close()

    def abandon(self) -> None:
        """Kill it: nobody else needs it."""
        self.kill()

    async def ended(self) -> int | None:
        """How the process has ended; it is killed if it lives on."""
        # Not killed at once: that would take its exit status from asyncio if it has just ended.
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._process.wait(), EXIT_GRACE)
        if self._process.returncode is None:  # it talks nonsense, or closed its pipe and lives on
            self.kill()
        await self.reader.read()  # asyncio closes a pipe only at its end
        return await self._process.wait()


class SharedLink(Link):
    """To a worker that other windows may use too. `process` if it was started here."""

    patience = EXIT_GRACE

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        secret: str,
        process: subprocess.Popen[bytes] | None,
    ) -> None:
        super().__init__(reader, writer, process.pid if process else None)
        self.secret = secret
        self._process = process
        self._hung_up = False

    @property
    def is_new(self) -> bool:
        """Whether it was started here."""
        return self._process is not None

    def hang_up(self) -> None:
        """Close our side of the socket."""
        self._hung_up = True
        with suppress(OSError):
            self.writer.write_eof()

    def abandon(self) -> None:
        """Close the other side, too; the worker may be busy for others."""
        self.writer.transport.abort()

    async def ended(self) -> int | None:
        """How the process has ended, if it was started here and did not end as it should."""
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()
        if self._process is None or self._hung_up:
            return None
        with suppress(subprocess.TimeoutExpired):
            return await asyncio.to_thread(self._process.wait, EXIT_GRACE)
        return None


async def reach(config: EngineConfig, home: Path) -> Link:
    """A link to a worker for `config`, which may still be loading. `home` is where a new one
    works. Raises OSError."""
    folder = _private_folder()
    if folder is not None:
        with suppress(OSError):  # e.g. a path too long for a socket, or no locks there
            return await _shared(folder, config, home)
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        env=_environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=home,
        start_new_session=True,
    )
    return PrivateLink(process)


def _private_folder() -> Path | None:
    """A folder of short name that nobody else can enter, None where there can't be one."""
    if sys.platform == "win32":
        return None
    given = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    usual = Path(tempfile.gettempdir()) / f"qwlsp-{os.getuid()}"
    own = given / "qwlsp" if given.is_absolute() else usual
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        status = own.lstat()
    except OSError:
        return None
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    return own if is_ours and not status.st_mode & 0o077 else None


async def _shared(folder: Path, config: EngineConfig, home: Path) -> SharedLink:
    process = None
    async with _locked(folder / "lock"):
        secret = _secret(folder)
        path = folder / f"{_key(config, home, secret)}.sock"
        try:
            reader, writer = await asyncio.open_unix_connection(path)
        except (FileNotFoundError, ConnectionRefusedError):
            path.unlink(missing_ok=True)
            process = _start(path, home)
            reader, writer = await asyncio.open_unix_connection(path)
    return SharedLink(reader, writer, secret, process)


def _key(config: EngineConfig, home: Path, secret: str) -> str:
    """The same for windows that can share a worker. A worker that waits for another secret is
    none of them."""
    model = Path(config.model_path)
    with suppress(OSError):
        status = model.stat()
        replaced = [status.st_size, status.st_mtime_ns]
        what = [__version__, sys.prefix, str(home), asdict(config), replaced, secret]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
    raise OSError(f"{model} is gone")


@asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    import fcntl

    deadline = time.monotonic() + LOCK_PATIENCE
    with path.open("wb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{path} stays locked") from None
                await asyncio.sleep(LOCK_POLL)
        yield


def _secret(folder: Path) -> str:
    """What a worker wants to hear; made anew where it is missing or of another form."""
    path = folder / "secret"
    with suppress(OSError, ValueError):
        if SECRET.fullmatch(kept := path.read_text()):
            return kept
    made = secrets.token_hex(32)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(made)
    return made


def _start(path: Path, home: Path) -> subprocess.Popen[bytes]:
    """Start a worker that listens at `path`; it outlives us where others need it."""
    with socket.socket(socket.AF_UNIX) as listener, (home / "worker.log").open("wb") as log:
        listener.bind(str(path))
        listener.listen(QUEUE)
        process = subprocess.Popen(
            [*COMMAND, str(listener.fileno())],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,  # ours is the editor's, which would wait for all who hold it
            # `-m` looks for modules in the working folder first: never the person's project.
            cwd=home,
            start_new_session=True,  # Ctrl-C in a terminal is for the program alone
            pass_fds=[listener.fileno()],
        )
    threading.Thread(target=process.wait, daemon=True).start()  # else it would stay as a zombie
    return process


def _environment() -> dict[str, str]:
    return {"GOMP_SPINCOUNT": SPIN_COUNT, **os.environ}
