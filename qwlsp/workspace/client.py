"""The server's side of the indexer: starts its process, tells it what changed, and lets it go.

An indexer that dies is started again, though not more than once a minute, and is not given the
file again that it was reading: a crash costs one file.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from qwlsp.home import index_folder
from qwlsp.workspace.ignore import printable

COMMAND = (sys.executable, "-m", "qwlsp.workspace.indexer")

RESTART_SECONDS = 60.0
QUIET_SECONDS = 0.3
"""Without another change, before the indexer hears of the last ones: a checkout changes many."""
PROGRESS_SECONDS = 0.1
"""At least, between two calls of `on_progress`."""
EXIT_GRACE = 2.0
"""Seconds an indexer may take to end after its pipe has closed."""


class Indexer:
    """One indexing process at a time, for some roots.

    `on_progress(done, total)` counts files to read; when all are read, both are equal.
    `on_said(sentence)` is for the person.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
        on_said: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._roots = [str(root) for root in roots]
        self._on_progress = on_progress
        self._on_said = on_said
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._changed: dict[str, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._told = 0.0
        self._reading = ""
        self._avoid: list[str] = []
        self._to_rebuild: list[str] = []
        self._rested = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process id while there is a process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Begin to index, in the running event loop. Without roots there is nothing to do."""
        if self._roots and self._task is None:
            self._task = asyncio.create_task(self._run())

    def changed(self, paths: Iterable[str]) -> None:
        """Tell of files and folders that have changed, appeared or gone."""
        self._changed.update(dict.fromkeys(paths))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._send_changed)

    def rebuild(self, root: Path) -> None:
        """Have a damaged index made anew, as soon as there is a process."""
        self._to_rebuild.append(str(root))
        self._send_rebuild()

    async def rest(self) -> None:
        """Wait until the process has once read all files, or has died over them."""
        await self._rested.wait()

    async def close(self) -> None:
        """End the process. It loses nothing but what it has just read."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._ending is not None:
            await asyncio.wait({self._ending})

    async def _run(self) -> None:
        """Keep a process at work until this task is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            again = loop.time() + RESTART_SECONDS
            try:
                await self._live()
            except OSError as error:
                self._on_said(f"The workspace can't be indexed: {error}.")
                return
            finally:
                self._rested.set()
            if self._reading:
                self._avoid.append(self._reading)
                self._on_said(f"{printable(self._reading)} can't be indexed and is left out.")
            await asyncio.sleep(again - loop.time())

    async def _live(self) -> None:
        """Start a process and listen to it until it ends. Raises OSError if it can't start."""
        folder = index_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._reading = ""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # `-m` looks for modules in the working folder first: never the person's project.
            cwd=folder,
            start_new_session=True,  # Ctrl-C in a terminal is for the program alone
        )
        self._process = process
        try:
            self._send({"roots": self._roots, "avoid": self._avoid})
            self._send_rebuild()
            await self._listen(process)
        finally:
            self._process = None
            self._ending = asyncio.create_task(_end(process))
            await asyncio.shield(self._ending)  # it goes on if this is cancelled

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with suppress(ValueError):  # half a message, by a process that died while it wrote
            while line := await process.stdout.readline():
                self._hear(json.loads(line))

    def _hear(self, message: dict[str, Any]) -> None:
        if "total" in message:
            done, total = message["done"], message["total"]
            self._reading = message.get("file", "")
            now = asyncio.get_running_loop().time()
            if done == total or now - self._told >= PROGRESS_SECONDS:
                self._told = now
                self._on_progress(done, total)
        elif "said" in message:
            self._on_said(message["said"])
        elif "finished" in message:
            self._rested.set()

    def _send_rebuild(self) -> None:
        while self._to_rebuild and self._process is not None:
            self._send({"rebuild": self._to_rebuild.pop()})

    def _send_changed(self) -> None:
        if self._changed and self._process is not None:
            self._send({"changed": list(self._changed)})
        # A process that starts later looks at every file anyway.
        self._changed.clear()

    def _send(self, message: dict[str, Any]) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(message).encode() + b"\n")


async def index(root: Path, on_progress: Callable[[int, int], None]) -> None:
    """Bring the index of one root up to date, and wait for that."""
    indexer = Indexer([root], on_progress=on_progress)
    indexer.start()
    try:
        await indexer.rest()
    finally:
        await indexer.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let a process end, and make it if it does not."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        # Of a pipe that nobody reads asyncio does not see the end, nor then that of the process.
        await asyncio.wait_for(asyncio.gather(process.stdout.read(), process.wait()), EXIT_GRACE)
    except asyncio.TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.gather(process.stdout.read(), process.wait())
