"""Findings that a person does not want to see again, remembered by what they are about.

Kept are hashes of the rule, the kind, the name of the function around and the line: so a finding
stays away when the file is edited elsewhere, moved or opened again, and comes back when its own
line changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from qwlsp.bugs.finding import Finding, lines_of
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Text

MOST = 5_000
"""Hashes that are kept; the oldest go first."""
LARGEST = 1 << 20
"""Bytes of a file that is read; ours is never that large."""
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
            _write(self._path, list(self._keys))

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
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return []
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(data, dict) or data.get("version") != VERSION:
        return []
    keys = data.get("dismissed")
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []


def _write(path: Path, keys: list[str]) -> None:
    """Replace a file as a whole: whoever reads it meanwhile finds the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"version": VERSION, "dismissed": keys}, file)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
