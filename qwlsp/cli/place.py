"""Places in files as a person types them: FILE, FILE:LINE or FILE:FIRST-LAST."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

from qwlsp.documents import Snapshot
from qwlsp.errors import BadRequest
from qwlsp.syntax.languages import PLAIN, language_of_file
from qwlsp.text import Span, Text

PROJECT_SIGNS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "package.json", ".hg")
PLACE = re.compile(r"(?P<file>.+?):(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?")


@dataclass(frozen=True)
class Place:
    """A span in a file that was read; `warnings` say what had to be guessed."""

    path: Path
    snapshot: Snapshot
    span: Span
    is_folder: bool = False
    warnings: list[str] = field(default_factory=list)


def read_place(argument: str, *, folders: bool = False) -> Place:
    """The place that `argument` names, which may be a whole folder if `folders` are. Raises
    BadRequest where there is none."""
    path, lines = _split(argument)
    uri = path.absolute().as_uri()
    if folders and path.is_dir():
        return Place(path.absolute(), Snapshot(uri, None, PLAIN.id, Text.of("")), Span(0, 0), True)
    warnings: list[str] = []
    text = _read(path, warnings)
    known = language_of_file(str(path)) or PLAIN
    snapshot = Snapshot(uri, None, known.id, Text.of(text))
    span = _span(snapshot.text, path, lines, warnings)
    if snapshot.read_as.has_grammar and snapshot.tree.root_node.has_error:
        warnings.append(f"{path} has a syntax error; what could be read of it is used.")
    return Place(path.absolute(), snapshot, span, warnings=warnings)


def root_of(path: Path) -> Path | None:
    """The project that a file belongs to: the nearest folder above it with a sign of one, None if
    there is none. A folder is its own."""
    if path.is_dir():
        return path
    above = path.absolute().parents
    return next((f for f in above if any((f / sign).exists() for sign in PROJECT_SIGNS)), None)


def _split(argument: str) -> tuple[Path, tuple[int, int] | None]:
    """The file, and its first and last line, if any are named."""
    match = PLACE.fullmatch(argument)
    if match is None or _is_file(Path(argument)):
        return Path(argument), None
    first = int(match["first"])
    return Path(match["file"]), (first, int(match["last"] or first))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # e.g. a name too long for any file
        return False


def _read(path: Path, warnings: list[str]) -> str:
    """The file's text, in the encoding that it declares, else UTF-8."""
    try:
        if path.is_dir():
            raise BadRequest(f"{path} is a folder; name a file.")
        data = path.read_bytes()
    except OSError as error:
        raise BadRequest(f"{path} can't be read: {error.strerror}.") from error
    if b"\0" in data:
        raise BadRequest(f"{path} is a binary file.")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        warnings.append(
            f"{path} is not UTF-8; what can't be read in it is shown as \N{REPLACEMENT CHARACTER}."
        )
        return data.decode("utf-8", "replace")


def _span(text: Text, path: Path, lines: tuple[int, int] | None, warnings: list[str]) -> Span:
    if lines is None:
        return Span(0, len(text.data))
    first, last = lines
    if last < first:
        warnings.append(f"Lines {first}-{last} are read as {last}-{first}.")
        first, last = last, first
    for line in (first, last):
        if not 1 <= line <= text.line_count:
            raise BadRequest(f"{path} has no line {line}: it has {text.line_count} lines.")
    begin, end = text.line_span(first - 1), text.line_span(last - 1)
    return begin if first == last else Span(begin.start, end.end)
