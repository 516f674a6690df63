"""Findings that a person does not want to see again, remembered by what they are about.

Kept are hashes of the rule, the kind, the name of the function around and the line: so a finding
stays away when the file is edited elsewhere, moved or opened again, and comes back when its own
line changes.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from qwlsp.bugs.finding import Finding, lines_of
from qwlsp.json_file import read_json, write_json
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Text

MOST = 5_000
"""Hashes that are kept; the oldest go first."""
VERSION = 1


class Dismissed:
    """The dismissed findings of all projects, in a small file. One that is broken is replaced; one
    that can't be written is done without."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = dict.fromkeys(_read(path))

    def dismiss(self, finding: Finding, text: Text, scope: Scope) -> None:
        """Remember a finding in `text`, where `scope` is the smallest one around it."""
        key = _key(finding, text, scope)
        # Another editor may have written since.
        self._keys = dict.fromkeys([*_read(self._path), *self._keys])
        self._keys.pop(key, None)
        self._keys[key] = None  # at the end: the youngest
        self._keys = dict.fromkeys(list(self._keys)[-MOST:])
        with suppress(OSError):
            write_json(self._path, {"version": VERSION, "dismissed": list(self._keys)})

    def is_dismissed(self, finding: Finding, text: Text, scope: Scope) -> bool:
        """Whether this was dismissed about the same code."""
        return _key(finding, text, scope) in self._keys


def _key(finding: Finding, text: Text, scope: Scope) -> str:
    lines = lines_of(text, finding.span)
    start, end = text.starts[lines[0]], text.line_span(lines[-1]).end
    # Indentation does not count: it changes with what is around a line.
    code = [line.strip().decode() for line in text.data[start:end].splitlines()]
    # Of equal lines in one function, each stands for itself.
    above = text.data[scope.span.start : start].splitlines()
    number = sum(line.strip() == code[0].encode() for line in above) if code else 0
    parts = (finding.origin, finding.kind, scope.qualified_name, code, number)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _read(path: Path) -> list[str]:
    """The hashes in a file, the oldest first; none if it is not there or of another form."""
    data = read_json(path)
    keys = data.get("dismissed") if data.get("version") == VERSION else None
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
