"""Answers by content, on disk: the same question about the same code is answered once.

An answer has two keys. `key` covers all that went into it (prompt, model, sampling) and finds it
when the same thing is asked again. `subject` covers the code alone and finds the latest answer
about that code for hovers, also after a restart or a change of model.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

MAX_ANSWERS = 5_000
BUSY_SECONDS = 2.0
"""Waits for another editor that is writing."""
SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, subject TEXT NOT NULL, created REAL NOT NULL, answer TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS answers_by_subject ON answers (subject, created);
"""


def digest(*parts: object) -> str:
    """A key made of anything JSON can hold."""
    text = json.dumps(parts, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class AnswerCache:
    """A small SQLite file. Losing it loses nothing but time, so a broken one is replaced, and
    one that can't be written is done without."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._failed = False

    def get(self, key: str) -> dict[str, Any] | None:
        """The answer to exactly this question."""
        return self._first("SELECT answer FROM answers WHERE key = ?", key)

    def latest(self, subject: str) -> dict[str, Any] | None:
        """The newest answer about this code."""
        return self._first(
            "SELECT answer FROM answers WHERE subject = ? ORDER BY created DESC LIMIT 1", subject
        )

    def put(self, key: str, subject: str, answer: dict[str, Any]) -> None:
        """Remember an answer."""
        connection = self._open()
        if connection is None:
            return
        try:
            with connection:
                connection.execute(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
                    (key, subject, time.time(), json.dumps(answer)),
                )
                connection.execute(
                    "DELETE FROM answers WHERE key IN (SELECT key FROM answers"
                    " ORDER BY created DESC LIMIT -1 OFFSET ?)",
                    (MAX_ANSWERS,),
                )
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _first(self, query: str, parameter: str) -> dict[str, Any] | None:
        connection = self._open()
        if connection is None:
            return None
        try:
            row = connection.execute(query, (parameter,)).fetchone()
            answer = json.loads(row[0]) if row else None
        except ValueError:
            return None
        except sqlite3.Error as error:
            self._give_up(error)
            return None
        return answer if isinstance(answer, dict) else None

    def _open(self) -> sqlite3.Connection | None:
        for _ in range(2):  # a second time if the first one finds a broken file
            if self._connection is not None or self._failed:
                break
            try:
                self._connection = _connect(self._path)
            except (sqlite3.Error, OSError) as error:
                self._give_up(error)
        return self._connection

    def _give_up(self, error: Exception) -> None:
        """Remove a broken file; do without one that is locked, on a full disk, or read-only."""
        self.close()
        if type(error) is sqlite3.DatabaseError:  # its subclasses are about anything else
            with suppress(OSError):
                self._path.unlink()
                return
        self._failed = True


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, SCHEMA_VERSION):
            raise sqlite3.DatabaseError("another version's file")
        # Several editors share the file; a lost answer after a power cut is no harm.
        connection.execute("PRAGMA synchronous=OFF")
        with suppress(sqlite3.OperationalError):  # another editor is doing this very thing
            connection.execute("PRAGMA journal_mode=WAL")
        if version == 0:
            connection.executescript(f"{SCHEMA} PRAGMA user_version={SCHEMA_VERSION};")
    except BaseException:
        connection.close()
        raise
    return connection
