"""The index of one root on disk: a SQLite file, written by one process and read by others.

All rows of a file have an id in one range: `file << 20 | n`. So they are found and removed without
an index on the file, which would be as large as the rows themselves, and no file of a megabyte has
more of them than fit.

Paths are relative to the root, with "/", and stored as the bytes that the system has for them:
not every name of a file is text.

Losing the file loses nothing but time, so one that is damaged is removed and filled anew.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qwlsp.syntax.outline import Call, Definition, Import, Outline
from qwlsp.text import Span
from qwlsp.workspace.contents import Contents
from qwlsp.workspace.ignore import File

WRITE_SECONDS = 30.0
"""Waits for the indexer of another editor on the same root, which commits every few seconds."""
UNUSED_SECONDS = 90 * 24 * 3600
"""After so long an index is removed: its root may be gone, and else it is filled again."""
READ_SECONDS = 0.2
"""In WAL mode nobody reads in vain but while the file is made or removed."""

SCHEMA_VERSION = 1
# bm25 multiplies how often a word occurs by these weights. Large ones let one occurrence count
# nearly as much as many: of a few questions about the standard library, they answer the most.
SCHEMA = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, hash BLOB NOT NULL, language TEXT NOT NULL,
    lines INTEGER NOT NULL, docstring TEXT NOT NULL
);
CREATE TABLE definitions (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, qualified_name TEXT NOT NULL,
    start INTEGER NOT NULL, stop INTEGER NOT NULL,
    header_start INTEGER NOT NULL, header_stop INTEGER NOT NULL,
    first_line INTEGER NOT NULL, last_line INTEGER NOT NULL,
    signature TEXT NOT NULL, docstring TEXT NOT NULL
);
CREATE TABLE imports (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, module TEXT NOT NULL, member TEXT,
    at INTEGER NOT NULL
);
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, caller TEXT NOT NULL, line INTEGER NOT NULL
);
CREATE INDEX calls_by_name ON calls (name);
CREATE TABLE docs (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, first_line INTEGER NOT NULL,
    last_line INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5 (
    name, text, content='docs', content_rowid='id', tokenize='porter unicode61'
);
INSERT INTO words (words, rank) VALUES ('rank', 'bm25(10.0, 5.0)');
"""

_SHIFT = 20


@dataclass(frozen=True)
class Row:
    """A piece that was found, the version of the file it is in, and how well it matches: more is
    better."""

    file: File
    title: str
    lines: tuple[int, int]
    score: float


@dataclass(frozen=True)
class Totals:
    """How much there is in an index."""

    files: int
    lines: int


def database_of(folder: Path, root: Path) -> Path:
    """Where in `folder` the index of `root` is; each root has one of its own."""
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
    return folder / f"{name}.sqlite"


def digest(data: bytes) -> bytes:
    """What tells contents of a file apart."""
    return hashlib.blake2b(data, digest_size=16).digest()


class Store:
    """The writing side. Nothing is there for others before `commit`.

    Each method may raise sqlite3.DatabaseError; `is_damage` tells whether the file is at fault.
    `replaced` says that there was a file which could not be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.replaced = False
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._connection = _open(path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            remove(path)
            self.replaced = True
            self._connection = _open(path)
        os.utime(path)

    def close(self) -> None:
        """Close the file; what was not committed is lost."""
        self._connection.close()

    def commit(self) -> None:
        """Show everything to those who read."""
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def file(self, path: str) -> tuple[File, bytes] | None:
        """The version of a file that is in the index, and its digest."""
        row = self._connection.execute(
            "SELECT size, mtime_ns, hash FROM files WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return (File(path, row[0], row[1]), row[2]) if row else None

    def paths(self) -> list[str]:
        """The paths of all files in the index."""
        rows = self._connection.execute("SELECT path FROM files ORDER BY path")
        return [os.fsdecode(path) for (path,) in rows]

    def totals(self) -> Totals:
        """How much there is."""
        row = self._connection.execute("SELECT count(*), total(lines) FROM files").fetchone()
        return Totals(row[0], int(row[1]))

    def put(self, file: File, digest: bytes, contents: Contents) -> None:
        """Replace all that is known of a file."""
        self._begin()
        path = os.fsencode(file.path)
        self._forget(path)
        cursor = self._connection.execute(
            "INSERT INTO files (path, size, mtime_ns, hash, language, lines, docstring)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(path, file.size, file.mtime_ns, digest),
                *(contents.language, contents.line_count, contents.outline.docstring),
            ),
        )
        assert cursor.lastrowid is not None
        self._insert(cursor.lastrowid << _SHIFT, contents)

    def touch(self, file: File) -> None:
        """Note that a file has another time of change and yet the same contents."""
        self._begin()
        self._connection.execute(
            "UPDATE files SET size = ?, mtime_ns = ? WHERE path = ?",
            (file.size, file.mtime_ns, os.fsencode(file.path)),
        )

    def remove(self, path: str) -> None:
        """Forget the file at `path`, or all files in a folder there."""
        start = os.fsencode(path)
        inside = self._connection.execute(
            "SELECT path FROM files WHERE path = ? OR path >= ? AND path < ?",
            (start, start + b"/", start + b"0"),  # "0" comes after "/"
        ).fetchall()
        for (found,) in inside:
            self._begin()
            self._forget(found)

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def _forget(self, path: bytes) -> None:
        row = self._connection.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
        if row is None:
            return
        rows = _rows_of(row[0])
        self._connection.execute(
            "INSERT INTO words (words, rowid, name, text)"
            " SELECT 'delete', id, name, text FROM docs WHERE id BETWEEN ? AND ?",
            rows,
        )
        for table in ("definitions", "imports", "calls", "docs"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE id BETWEEN ? AND ?",
                rows,
            )
        self._connection.execute("DELETE FROM files WHERE id = ?", (row[0],))

    def _insert(self, first: int, contents: Contents) -> None:
        insert = self._connection.executemany
        insert(
            "INSERT INTO definitions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    *(row, one.kind, one.name, one.qualified_name),
                    *(one.span.start, one.span.end, one.header.start, one.header.end),
                    *(*one.lines, one.signature, one.docstring),
                )
                for row, one in enumerate(contents.outline.definitions, first)
            ),
        )
        insert(
            "INSERT INTO imports VALUES (?, ?, ?, ?, ?)",
            (
                (row, one.name, one.module, one.member, one.at)
                for row, one in enumerate(contents.outline.imports, first)
            ),
        )
        insert(
            "INSERT INTO calls VALUES (?, ?, ?, ?)",
            (
                (row, one.name, one.caller, one.line)
                for row, one in enumerate(contents.calls, first)
            ),
        )
        insert(
            "INSERT INTO docs VALUES (?, ?, ?, ?, ?, ?)",
            (
                (row, one.title, *one.lines, one.name, one.text)
                for row, one in enumerate(contents.pieces, first)
            ),
        )
        insert(
            "INSERT INTO words (rowid, name, text) VALUES (?, ?, ?)",
            ((row, one.name, one.text) for row, one in enumerate(contents.pieces, first)),
        )


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads. Raises sqlite3.DatabaseError, also if there is no index."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=READ_SECONDS)
    try:
        if _version(connection) != SCHEMA_VERSION:
            raise sqlite3.OperationalError("not an index yet, or another version's")
        yield connection
    finally:
        connection.close()


def find_outline(connection: sqlite3.Connection, file: File) -> Outline | None:
    """The outline of this very version of a file."""
    row = connection.execute(
        "SELECT id, docstring FROM files WHERE path = ? AND size = ? AND mtime_ns = ?",
        (os.fsencode(file.path), file.size, file.mtime_ns),
    ).fetchone()
    if row is None:
        return None
    rows = _rows_of(row[0])
    definitions = connection.execute(
        "SELECT kind, name, qualified_name, start, stop, header_start, header_stop, first_line,"
        " last_line, signature, docstring FROM definitions WHERE id BETWEEN ? AND ? ORDER BY id",
        rows,
    )
    imports = connection.execute(
        "SELECT name, module, member, at FROM imports WHERE id BETWEEN ? AND ? ORDER BY id", rows
    )
    return Outline(
        definitions=tuple(map(_definition, definitions)),
        imports=tuple(
            Import(name=name, module=module, member=member, at=at)
            for name, module, member, at in imports
        ),
        docstring=row[1],
    )


def find_calls(connection: sqlite3.Connection, name: str, limit: int) -> list[tuple[File, Call]]:
    """Calls of a name, file by file, and those in a file in source order."""
    rows = connection.execute(
        "SELECT path, size, mtime_ns, caller, line FROM calls"
        " JOIN files ON files.id = calls.id >> ?"
        " WHERE calls.name = ? ORDER BY calls.id LIMIT ?",
        (_SHIFT, name, limit),
    )
    return [
        (_file(path, size, mtime_ns), Call(name=name, caller=caller, line=line))
        for path, size, mtime_ns, caller, line in rows
    ]


def imports_package(connection: sqlite3.Connection, package: str) -> bool:
    """Whether some file imports a package or something in it."""
    query = "SELECT 1 FROM imports WHERE module = ? OR module GLOB ? LIMIT 1"
    return connection.execute(query, (package, f"{package}.*")).fetchone() is not None


def find_importers(connection: sqlite3.Connection, module: str) -> list[File]:
    """The files that import something of a module, by the last part of its name."""
    rows = connection.execute(
        "SELECT DISTINCT path, size, mtime_ns FROM imports"
        " JOIN files ON files.id = imports.id >> ?"
        " WHERE module = ? OR module GLOB ? OR member = ?",
        (_SHIFT, module, f"*.{module}", module),
    )
    return [_file(path, size, mtime_ns) for path, size, mtime_ns in rows]


def find_words(connection: sqlite3.Connection, expression: str, limit: int) -> list[Row]:
    """The pieces that match a full-text query, best first."""
    rows = connection.execute(
        "SELECT path, size, mtime_ns, title, first_line, last_line, -rank FROM words"
        " JOIN docs ON docs.id = words.rowid JOIN files ON files.id = docs.id >> ?"
        " WHERE words MATCH ? ORDER BY rank LIMIT ?",
        (_SHIFT, expression, limit),
    )
    return [
        Row(_file(path, size, mtime_ns), title, (first, last), score)
        for path, size, mtime_ns, title, first, last, score in rows
    ]


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is no index, or damaged, and not just busy, missing or read-only."""
    # Rows that contradict each other are never written; the other subclasses are about the disk,
    # locks and permissions.
    return type(error) in (sqlite3.DatabaseError, sqlite3.IntegrityError)


def remove_unused(folder: Path) -> None:
    """Delete the indexes in `folder` that nobody has opened for a long time."""
    for path in folder.glob("*.sqlite"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - UNUSED_SECONDS:
                remove(path)


def remove(path: Path) -> None:
    """Delete an index and what SQLite keeps next to it."""
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=WRITE_SECONDS, isolation_level=None)
    try:
        version = _version(connection)
        if version not in (0, SCHEMA_VERSION):
            raise sqlite3.DatabaseError("another version's file")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if version == 0:
            connection.execute("BEGIN IMMEDIATE")
            if _version(connection) == 0:  # else another process has just done it
                for statement in SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.execute("COMMIT")
        elif connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("damaged")
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _file(path: bytes, size: int, mtime_ns: int) -> File:
    return File(os.fsdecode(path), size, mtime_ns)


def _rows_of(file: int) -> tuple[int, int]:
    return file << _SHIFT, (file + 1 << _SHIFT) - 1


def _definition(row: tuple[Any, ...]) -> Definition:
    kind, name, qualified_name, start, stop, header_start, header_stop, first, last, *texts = row
    signature, docstring = texts
    return Definition(
        kind=kind,
        name=name,
        qualified_name=qualified_name,
        span=Span(start, stop),
        header=Span(header_start, header_stop),
        lines=(first, last),
        signature=signature,
        docstring=docstring,
    )
