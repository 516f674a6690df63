"""Writes edits into files that are still what the edits were made for."""

from __future__ import annotations

import io
import tokenize
from collections import defaultdict
from pathlib import Path

from qwlsp.answers import Rewrite
from qwlsp.edits import Edit, apply
from qwlsp.errors import StaleVersion
from qwlsp.text import Encoding, Text


def write_edits(rewrite: Rewrite) -> None:
    """Change the files, each at once, in the encodings that they have. Raises StaleVersion, with
    no file changed, if one of them has changed."""
    texts = dict(rewrite.texts)
    edits: defaultdict[str, list[Edit]] = defaultdict(list)
    for each in rewrite.edits:
        edits[each.file].append(
            Edit(texts[each.file].span(each.range, Encoding.UTF16), each.new_text)
        )
    new = {
        path: _encoded(Path(path), texts[path], apply(texts[path], edits[path])) for path in edits
    }
    for path, data in new.items():
        _replace(Path(path), data)


def _encoded(path: Path, before: Text, after: Text) -> bytes:
    try:
        data = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if Text.of(data.decode(encoding)) == before:
            return str(after).encode(encoding)
    except (OSError, SyntaxError, UnicodeError):
        pass
    raise StaleVersion(f"{path} is not what it was when it was read: nothing was changed.")


def _replace(path: Path, data: bytes) -> None:
    """Put `data` into a file, with its permissions; a link stays one."""
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.qwlsp")
    try:
        temporary.write_bytes(data)
        temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
