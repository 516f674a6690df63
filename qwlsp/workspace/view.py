"""What the rest of qwlsp asks about the files around: outlines, texts, modules, calls, words.

An open buffer wins over its file, and the file over the index: what the index says of a version
that is no longer there is looked up anew. Nothing is read that is not to be indexed.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from qwlsp.documents import Snapshot
from qwlsp.syntax.languages import language_of_file
from qwlsp.syntax.outline import Outline
from qwlsp.text import Text
from qwlsp.workspace import store
from qwlsp.workspace.contents import distinct_calls, is_binary, pieces, snapshot
from qwlsp.workspace.ignore import MAX_BYTES, File, file_at, inside
from qwlsp.workspace.modules import python_candidates, script_candidates
from qwlsp.workspace.words import is_test, match_expression

KEPT_OUTLINES = 128
KEPT_FILES = 8
REAL_SECONDS = 1.0
"""For which a folder is taken to be where it was."""
"""Texts, some with their trees; the tree of a megabyte may take 50."""

_SPARE = 5
"""Times as many rows are fetched as wanted, as some may be about what is no longer there."""

_TEST_WEIGHT = 0.5
"""Of a test's score: it says the same words as what it tests, and more of them."""

T = TypeVar("T")


@dataclass(frozen=True)
class CallSite:
    """A call on a line, from 1, of the file at `path`; `caller` is the qualified name of the
    function or class that it is in, or ""."""

    path: str
    caller: str
    line: int


@dataclass(frozen=True)
class Found:
    """What a search found: a definition, a module or a section of Markdown in the file at `path`.

    `lines` count from 1, inclusive. A higher score is better.
    """

    path: str
    lines: tuple[int, int]
    title: str
    score: float


@dataclass(frozen=True)
class _Root:
    """A root as it was given, the same without links, and the file of its index."""

    given: Path
    real: str
    database: Path | None

    def absolute(self, path: str) -> str:
        """The path that an editor has for a file of this root."""
        return os.path.join(self.given, *path.split("/"))


class _Unreadable(Exception):
    """A file is not there, or not to be read."""


class Workspace:
    """The files of some roots, and the open buffers.

    `database` is the folder of the indexes, None to do without them; `buffer` gives the latest
    snapshot of a file that is open. `on_damaged` hears, once for each root, that its index can't
    be read.

    Paths are absolute. No method raises anything because of what is on disk.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        database: Path | None,
        buffer: Callable[[str], Snapshot | None],
        on_damaged: Callable[[Path], None] = lambda root: None,
    ) -> None:
        self.roots = tuple(roots)
        self._buffer = buffer
        self._on_damaged = on_damaged
        self._damaged: set[_Root] = set()
        known = [(root, os.path.realpath(root)) for root in self.roots]
        self._roots = [
            _Root(given, real, database and store.database_of(database, Path(real)))
            for given, real in known
        ]
        # The innermost one first: it is the one that a file belongs to.
        self._roots.sort(key=lambda root: len(root.real), reverse=True)
        self._real_folders: dict[str, str] = {}
        self._real_since = 0.0
        self._outline = lru_cache(KEPT_OUTLINES)(self._read_outline)
        self._file = lru_cache(KEPT_FILES)(self._read_file)

    def outline(self, path: str) -> Outline | None:
        """The outline of a file."""
        if opened := self._buffer(path):
            return opened.outline
        try:
            return self._outline(*self._version(path))
        except _Unreadable:
            return None

    def text(self, path: str) -> Text | None:
        """The text of a file."""
        if opened := self._buffer(path):
            return opened.text
        try:
            return self._file(*self._version(path)).text
        except _Unreadable:
            return None

    def module(self, importer: str, module: str) -> str | None:
        """The file that an import of `module` ("a.b", "..a", "./a") in `importer` means.

        A module without leading dots is looked for in the folders from the importer's up to its
        root, in the roots, and in their `src`. None if it is not in the workspace.
        """
        language = language_of_file(importer)
        if language and language.id.startswith(("javascript", "typescript")):
            candidates = script_candidates(importer, module)
        else:
            candidates = python_candidates(importer, module, self._import_folders(importer))
        return next(filter(self._is_there, candidates), None)

    def callers(self, name: str, *, limit: int = 20) -> list[CallSite]:
        """Where a function, method or class of this name is called, one call for each caller;
        those in tests come last."""
        return list(islice(self._callers(name, limit * _SPARE), limit))

    def uses(self, package: str) -> bool:
        """Whether some file of the workspace imports a package of Python."""
        find = partial(store.imports_package, package=package)
        return any(self._ask(root, find) for root in self._roots)

    def importers(self, module: str) -> list[str]:
        """The files that import something of a module of Python, by the last part of its name."""
        find = partial(store.find_importers, module=module)
        return [
            root.absolute(file.path) for root in self._roots for file in self._ask(root, find) or ()
        ]

    def search(self, words: str, *, limit: int = 20) -> list[Found]:
        """What has to do with any of the words in a text that a person typed, best first."""
        expression = match_expression(words)
        found = list(self._search(expression, limit * _SPARE)) if expression else []
        found.sort(key=lambda one: one.score, reverse=True)
        return found[:limit]

    def relative(self, path: str) -> str:
        """A file's path as people and models read it: from its root on, or just its name."""
        place = self._place(path)
        return place[1] if place else os.path.basename(path)

    def root_of(self, path: str) -> Path | None:
        """The innermost root that a file is in, or that it is."""
        if Path(path) in self.roots:
            return Path(path)
        found = self._place(path)
        return found[0].given if found else None

    def _place(self, path: str) -> tuple[_Root, str] | None:
        """The innermost root that a file is in, and its path from there."""
        folder, name = os.path.split(path)
        try:
            real = os.path.join(self._real(folder), name)
        except (OSError, ValueError):
            return None
        places = ((root, inside(root.real, real)) for root in self._roots)
        return next(((root, inner) for root, inner in places if inner), None)

    def _real(self, folder: str) -> str:
        """Where a folder really is. One question goes to the same few folders again and again."""
        now = time.monotonic()
        if now - self._real_since > REAL_SECONDS:
            self._real_folders.clear()
            self._real_since = now
        if folder not in self._real_folders:
            self._real_folders[folder] = os.path.realpath(folder)
        return self._real_folders[folder]

    def _version(self, path: str) -> tuple[_Root, File]:
        """The file as it is on disk now. Raises _Unreadable."""
        place = self._place(path)
        if place is None:
            raise _Unreadable
        root, inner = place
        try:
            stat = os.stat(os.path.join(root.real, inner))
        except (OSError, ValueError):
            raise _Unreadable from None
        return root, File(inner, stat.st_size, stat.st_mtime_ns)

    def _read_outline(self, root: _Root, file: File) -> Outline:
        known = self._ask(root, partial(store.find_outline, file=file))
        return self._file(root, file).outline if known is None else known

    def _read_file(self, root: _Root, file: File) -> Snapshot:
        """A version of a file, if it is still there and to be read. Raises _Unreadable."""
        if file.size > MAX_BYTES or file_at(root.real, file.path) != file:
            raise _Unreadable
        try:
            with open(os.path.join(root.real, file.path), "rb") as opened:
                data = opened.read(MAX_BYTES + 1)
        except (OSError, ValueError):
            raise _Unreadable from None
        if len(data) > MAX_BYTES or is_binary(data):
            raise _Unreadable
        return snapshot(file.path, data)

    def _newer(self, root: _Root, file: File) -> Snapshot | None:
        """What there is now instead of a version of a file, None if it is still that version.
        Raises _Unreadable."""
        path = root.absolute(file.path)
        place = self._place(path)
        if place is None or place[0] is not root:
            raise _Unreadable  # another root's index has it too
        if opened := self._buffer(path):
            return opened
        _, version = self._version(path)
        return None if version == file else self._file(root, version)

    def _callers(self, name: str, most: int) -> Iterator[CallSite]:
        for root in self._roots:
            rows = self._ask(root, partial(store.find_calls, name=name, limit=most)) or []
            rows.sort(key=lambda row: is_test(row[0].path))
            for file, group in groupby(rows, key=itemgetter(0)):
                try:
                    newer = self._newer(root, file)
                except _Unreadable:
                    continue
                calls = [call for _, call in group] if newer is None else distinct_calls(newer)
                for call in calls:
                    if call.name == name:
                        yield CallSite(root.absolute(file.path), call.caller, call.line)

    def _search(self, expression: str, most: int) -> Iterator[Found]:
        asks_for_tests = '"test"' in expression or '"tests"' in expression
        for root in self._roots:
            find = partial(store.find_words, expression=expression, limit=most)
            newer = cache(partial(self._newer_pieces, root))
            for row in self._ask(root, find) or ():
                try:
                    moved = newer(row.file)
                except _Unreadable:
                    continue
                lines = row.lines if moved is None else moved.get(row.title)
                if lines:
                    weight = _TEST_WEIGHT if is_test(row.file.path) and not asks_for_tests else 1
                    path = root.absolute(row.file.path)
                    yield Found(path, lines, row.title, row.score * weight)

    def _newer_pieces(self, root: _Root, file: File) -> dict[str, tuple[int, int]] | None:
        """Like `_newer`, the lines of all its pieces by their titles."""
        newer = self._newer(root, file)
        if newer is None:
            return None
        return {piece.title: piece.lines for piece in pieces(file.path, newer)}

    def _import_folders(self, importer: str) -> list[str]:
        """The folders that modules of Python are looked for in, for imports in one file."""
        folders: list[str] = []
        if place := self._place(importer):
            root, inner = place
            parts = inner.split("/")[:-1]
            folders = [root.absolute("/".join(parts[:n])) for n in range(len(parts), 0, -1)]
            folders.append(str(root.given))
        tops = [str(root) for root in self.roots]
        return list(dict.fromkeys([*folders, *tops, *(os.path.join(top, "src") for top in tops)]))

    def _is_there(self, path: str) -> bool:
        # Most candidates are not there, and to see that takes least.
        there = self._buffer(path) is not None or os.path.isfile(path)
        return there and self._place(path) is not None

    def _ask(self, root: _Root, question: Callable[[sqlite3.Connection], T]) -> T | None:
        """Ask the index of a root; None if there is none, or it can't be read."""
        if root.database is None:
            return None
        try:
            with store.reading(root.database) as connection:
                return question(connection)
        except sqlite3.DatabaseError as error:
            if store.is_damage(error) and root not in self._damaged:
                self._damaged.add(root)
                self._on_damaged(root.given)
        except UnicodeEncodeError:
            pass  # a name with half a character in it is in no file
        return None
