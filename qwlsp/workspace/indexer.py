"""The process that fills the indexes, at the lowest priority: `python -m qwlsp.workspace.indexer`.

It reads and writes one JSON object a line. The first message is `{"roots": [...], "avoid": [...]}`,
the latter files that an earlier process did not survive; later ones are `{"changed": [...]}`, paths
that may have changed, appeared or gone, and `{"rebuild": root}` for an index that turned out to be
damaged. Each message is answered with any number of `{"done": n, "total": m, "file": path}`, files
read of files to read and the one that comes next, and of `{"said": sentence}`, for the person; then
with one `{"finished": {"files", "lines", "skipped", "seconds"}}`: what is in the indexes now, and
how many files and folders had to be left out of them.

The process ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psutil

if sys.platform != "win32":
    import resource

from qwlsp.home import index_folder
from qwlsp.workspace.filling import MAX_FILES, Index
from qwlsp.workspace.ignore import File, printable
from qwlsp.workspace.store import Totals, is_damage, remove_unused

NICENESS = 19

FILE_SECONDS = 20.0
"""Of the processor's time for one file, which takes a second at most if a person wrote it."""
MEMORY_BYTES = 512 << 20
"""Ten times what ordinary files take."""

Message = dict[str, Any]
Scan = Callable[[Index], list[File]]
T = TypeVar("T")


class _BrokenIndex(Exception):
    """An index can't be read or written."""

    def __init__(self, index: Index, error: sqlite3.DatabaseError) -> None:
        self.index = index
        self.error = error


class Indexer:
    """The indexes of all roots, brought up to date as messages ask for it."""

    def __init__(self, tell: Callable[[Message], None]) -> None:
        self._tell = tell
        self._indexes: list[Index] = []
        self._rebuilt: list[Index] = []

    def handle(self, message: Message) -> None:
        """Do what a message asks for, and answer it."""
        began = time.monotonic()
        for root in message.get("roots", ()):
            self._open(root, message.get("avoid", ()))
        scan: Scan = Index.stale
        if "changed" in message:
            scan = partial(Index.stale_at, paths=message["changed"])
        if "rebuild" in message:
            damaged = os.path.realpath(message["rebuild"])
            for index in [index for index in self._indexes if index.root == damaged]:
                self._rebuild(index)
        while (totals := self._fill(scan)) is None:
            scan = Index.stale
        finished = {
            "files": sum(one.files for one in totals),
            "lines": sum(one.lines for one in totals),
            "skipped": sum(len(index.skipped) for index in self._indexes),
            "seconds": time.monotonic() - began,
        }
        self._tell({"finished": finished})

    def close(self) -> None:
        """Close all indexes."""
        for index in self._indexes:
            index.store.close()

    def _open(self, root: str, avoid: Iterable[str]) -> None:
        try:
            index = Index(Path(root), index_folder(), avoid=avoid)
        except (sqlite3.Error, OSError) as error:
            self._say(f"There can be no index of {root}: {error}.")
            return
        self._indexes.append(index)
        if index.store.replaced:
            self._say_rebuilt(index)

    def _fill(self, scan: Scan) -> list[Totals] | None:
        """Read all files that `scan` finds; None if that broke off and must be done again."""
        try:
            stale = [
                (index, file) for index in self._indexes for file in _blaming(index, scan, index)
            ]
            for done, (index, file) in enumerate(stale):
                path = index.absolute(file.path)
                self._tell({"done": done, "total": len(stale), "file": path})
                with _limited_time():
                    _blaming(index, index.read, file)
            for index in self._indexes:
                _blaming(index, index.flush)
            totals = [_blaming(index, index.store.totals) for index in self._indexes]
        except _BrokenIndex as broken:
            self._repair(broken.index, broken.error)
            return None
        if stale:
            self._tell({"done": len(stale), "total": len(stale)})
        for index in self._indexes:
            if index.has_more:
                self._say(f"{index.root} is indexed only in part: more than {MAX_FILES:,} files.")
        return totals

    def _repair(self, index: Index, error: sqlite3.DatabaseError) -> None:
        """Begin a damaged index anew, once; do without one that can't be written."""
        if is_damage(error) and index not in self._rebuilt:
            self._rebuild(index)
        else:
            self._say(f"The index of {index.root} can't be written: {error}.")
            index.store.close()
            self._indexes.remove(index)

    def _rebuild(self, index: Index) -> None:
        index.rebuild()
        self._rebuilt.append(index)
        self._say_rebuilt(index)

    def _say_rebuilt(self, index: Index) -> None:
        self._say(f"The index of {index.root} was damaged or another version's; it is built anew.")

    def _say(self, sentence: str) -> None:
        self._tell({"said": printable(sentence)})


def _blaming(index: Index, step: Callable[..., T], *arguments: Any) -> T:
    """Do a step with an index; what goes wrong with its file becomes a _BrokenIndex."""
    try:
        return step(*arguments)
    except sqlite3.DatabaseError as error:
        raise _BrokenIndex(index, error) from error


@contextmanager
def _limited_time() -> Iterator[None]:
    """End this process if what is done inside takes too long: the client starts another one, and
    that does not do it again."""
    if sys.platform == "win32":
        yield
        return
    signal.setitimer(signal.ITIMER_VIRTUAL, FILE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def main() -> None:
    """Serve one client until it goes away."""
    _lower_priority()
    _limit_memory()
    remove_unused(index_folder())
    target = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a stray print must not corrupt a line

    def tell(message: Message) -> None:
        target.write(json.dumps(message) + "\n")
        target.flush()

    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(messages,), daemon=True).start()
    indexer = Indexer(tell)
    with suppress(BrokenPipeError):  # the client is gone
        while True:
            indexer.handle(messages.get())


def _receive(messages: queue.SimpleQueue[Message]) -> None:
    """Take in messages until the client goes, and with it this process."""
    with suppress(ValueError):  # half a message, by a client that died while it wrote
        for line in sys.stdin.buffer:
            messages.put(json.loads(line))
    os._exit(0)  # whatever is being read, nobody waits for it; what is written is whole


def _lower_priority() -> None:
    """Leave the processor and the disk to everybody else."""
    with suppress(OSError, psutil.Error):
        if sys.platform == "win32":
            psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS)
        else:
            os.nice(NICENESS)
        if sys.platform == "linux":
            psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)


def _limit_memory() -> None:
    """Let a file that needs more than its share end this process, as one that takes too long."""
    if sys.platform != "win32":
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        with suppress(OSError, ValueError):  # the limit is lower already
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, most))


if __name__ == "__main__":
    main()
