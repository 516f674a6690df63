"""Brings the index of one root up to date with the files on disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from qwlsp.workspace.contents import Contents, contents, is_binary, snapshot
from qwlsp.workspace.ignore import MAX_BYTES, File, file_at, inside, walk
from qwlsp.workspace.store import Store, database_of, digest, remove

MAX_FILES = 100_000
"""Of one root. Who opens a whole disk as a workspace does not mean all of it."""

BATCH_BYTES = 1 << 20
"""Of files whose contents are written together."""

RULES = (".gitignore", "exclude", "pyvenv.cfg", "conda-meta")
"""Names of files and folders that decide about other files."""


class Index:
    """The index of one root, open for writing.

    First `stale` or `stale_at` tells which files to read, then each is given to `read`, and
    `flush` writes the last of them. All raise sqlite3.DatabaseError. `skipped` are the files and
    folders that should be in the index and could not be read; `has_more`, that there are more
    files than an index takes; `avoid` are absolute paths of files whose code is not to
    be looked at.
    """

    def __init__(self, root: Path, folder: Path, *, avoid: Iterable[str] = ()) -> None:
        self.root = os.path.realpath(root)
        self.skipped: set[str] = set()
        self.has_more = False
        self._avoid = frozenset(avoid)
        self._database = database_of(folder, Path(self.root))
        self.store = Store(self._database)
        self._batch: list[tuple[File, bytes, Contents]] = []
        self._batch_bytes = 0

    def absolute(self, path: str) -> str:
        """The absolute path of a file of the root."""
        return os.path.join(self.root, path)

    def rebuild(self) -> None:
        """Begin with an empty index."""
        self.store.close()
        remove(self._database)
        self.store = Store(self._database)
        self._batch.clear()

    def stale(self) -> list[File]:
        """The files that differ from the index. What is gone is removed from it."""
        self.skipped.clear()
        self.has_more = False
        gone = set(self.store.paths())
        found: list[File] = []
        for count, file in enumerate(walk(self.root, on_unreadable=self.skipped.add)):
            if count == MAX_FILES:
                self.has_more = True
                break
            if self._may_be_read(file):
                gone.discard(file.path)
                found += self._if_stale(file)
        for path in gone:
            self.store.remove(path)
        self.store.commit()
        return found

    def stale_at(self, paths: Iterable[str]) -> list[File]:
        """Like `stale`, for the files at these absolute `paths` only, where that is enough."""
        relative = [inside(self.root, _real_folder(path)) for path in paths]
        inner = dict.fromkeys(path for path in relative if path)
        if any(self._is_about_others(path) for path in inner):
            return self.stale()
        found: list[File] = []
        for path in inner:
            file = file_at(self.root, path)
            if file and self._may_be_read(file):
                found += self._if_stale(file)
            else:
                self.store.remove(path)
        self.store.commit()
        return found

    def read(self, file: File) -> None:
        """Read a file; one that can't be read now is left out until it changes."""
        path = self.absolute(file.path)
        try:
            version, data = _read(path, file)
        except OSError:
            self.skipped.add(path)
            return
        if len(data) > MAX_BYTES or is_binary(data):
            self._skip(version)
            return
        known, key = self.store.file(file.path), digest(data)
        if known and known[1] == key:
            self.store.touch(version)
            return
        try:
            found = contents(file.path, snapshot(path, data, as_code=path not in self._avoid))
        except Exception as error:  # one file must not cost all the others
            print(f"{path} can't be indexed: {error!r}", file=sys.stderr)
            self._skip(version)
            return
        self.skipped.discard(path)
        self._batch.append((version, key, found))
        self._batch_bytes += len(data)
        if self._batch_bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what has been read. Others may write in between, so it does not take long."""
        for file, key, found in self._batch:
            self.store.put(file, key, found)
        self.store.commit()
        self._batch.clear()
        self._batch_bytes = 0

    def _if_stale(self, file: File) -> list[File]:
        known = self.store.file(file.path)
        return [] if known and known[0] == file else [file]

    def _is_about_others(self, path: str) -> bool:
        return os.path.basename(path) in RULES or os.path.isdir(self.absolute(path))

    def _may_be_read(self, file: File) -> bool:
        path = self.absolute(file.path)
        if file.size <= MAX_BYTES:
            return True
        self.skipped.add(path)
        return False

    def _skip(self, file: File) -> None:
        self.skipped.add(self.absolute(file.path))
        self.store.remove(file.path)


def _read(path: str, file: File) -> tuple[File, bytes]:
    """The bytes of a file, no more than a little too many, and the version that they are of.

    If it changes meanwhile, the version is that before: so the index knows that it is behind.
    """
    with open(path, "rb") as opened:
        stat = os.fstat(opened.fileno())
        return File(file.path, stat.st_size, stat.st_mtime_ns), opened.read(MAX_BYTES + 1)


def _real_folder(path: str) -> str:
    """`path` without links in the folders around it; a link itself stays one."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)
