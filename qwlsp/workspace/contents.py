"""What the index knows of one file. Pure: bytes in, plain data out."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from qwlsp.documents import Snapshot
from qwlsp.syntax.languages import PLAIN, language, language_of_file
from qwlsp.syntax.outline import Call, Definition, Outline, calls, comments
from qwlsp.syntax.tree import nesting
from qwlsp.text import Text
from qwlsp.workspace.ignore import printable
from qwlsp.workspace.words import last_line, name_words, sections

MAX_NESTING = 5_000
"""Brackets in brackets of code. Tree-sitter's stack and everybody's patience end not far beyond."""

_SNIFFED_BYTES = 8 << 10


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What a search finds: a definition, a module, or a section of Markdown.

    `lines` count from 1, inclusive. `name` and `text` are what its words are taken from.
    """

    title: str
    lines: tuple[int, int]
    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A file in the index. Of the calls of one name in one function the first one is kept."""

    language: str
    line_count: int
    outline: Outline
    calls: tuple[Call, ...]
    pieces: tuple[Piece, ...]


def is_binary(data: bytes) -> bool:
    """Whether these are not the bytes of a text."""
    return b"\0" in data[:_SNIFFED_BYTES]


def snapshot(path: str, data: bytes, *, as_code: bool = True) -> Snapshot:
    """The text of a file on disk, as an editor would open it.

    Without `as_code`, and if it is nested too deeply, it is a plain text, in whatever language.
    """
    known = language_of_file(path)
    is_code = known is not None and as_code and nesting(data) <= MAX_NESTING
    text = Text.of(data.decode("utf-8-sig", errors="replace"))
    return Snapshot(path, None, known.id if known and is_code else PLAIN.id, text)


def contents(path: str, file: Snapshot) -> Contents:
    """What to know of the file at `path`, relative to its root."""
    return Contents(
        language=file.language,
        line_count=last_line(file.text),
        outline=file.outline,
        calls=distinct_calls(file),
        pieces=tuple(pieces(path, file)),
    )


def distinct_calls(file: Snapshot) -> tuple[Call, ...]:
    """The first call of each name in each function, class or module, in source order."""
    spoken = language(file.language)
    if not spoken.has_grammar:
        return ()
    first: dict[tuple[str, str], Call] = {}
    for call in calls(file.tree, file.text.data, spoken, file.outline.definitions):
        first.setdefault((call.name, call.caller), call)
    return tuple(first.values())


def pieces(path: str, file: Snapshot) -> list[Piece]:
    """What a search can find in the file at `path`, relative to its root, in order."""
    path = printable(path)
    place = " ".join(map(name_words, PurePosixPath(path).with_suffix("").parts))
    if file.language == "markdown":
        return [
            Piece(
                title=part.title or path,
                lines=part.lines,
                name=name_words(part.title),
                text=f"{place}\n{part.body}",
            )
            for part in sections(file.text)
        ]
    spoken = language(file.language)
    if not spoken.has_grammar:
        return []
    definitions = file.outline.definitions
    notes = _notes(comments(file.tree, file.text.data, spoken), definitions)
    module = Piece(
        title=path,
        lines=(1, last_line(file.text)),
        name=place,
        text="\n".join([file.outline.docstring, *notes[_MODULE]]),
    )
    return [module, *(_piece(one, place, notes[n]) for n, one in enumerate(definitions))]


def _piece(definition: Definition, place: str, notes: Iterable[str]) -> Piece:
    around = name_words(definition.qualified_name.rpartition(".")[0])
    return Piece(
        title=definition.qualified_name,
        lines=definition.lines,
        name=name_words(definition.name),
        text="\n".join([place, around, definition.docstring, *notes]),
    )


_MODULE = -1


def _notes(
    comments: Sequence[tuple[int, str]], definitions: Sequence[Definition]
) -> defaultdict[int, deque[str]]:
    """The comments of each definition, by its index, and those of none, by _MODULE.

    A comment belongs to the innermost definition around it, or, outside of functions, to one that
    begins right below.
    """
    first: dict[int, int] = {}
    for index, definition in enumerate(definitions):
        first.setdefault(definition.lines[0], index)
    notes: defaultdict[int, deque[str]] = defaultdict(deque)
    around = _innermost([line for line, _ in comments], definitions)
    for (line, text), inner in reversed(list(zip(comments, around, strict=True))):
        owner = inner
        outer = definitions[inner] if inner != _MODULE else None
        if outer is None or (outer.kind == "class" and outer.lines[0] < line):
            owner = first[line] = first.get(line + 1, inner)
        notes[owner].appendleft(text)
    return notes


def _innermost(lines: Iterable[int], definitions: Sequence[Definition]) -> Iterator[int]:
    """Yield the index of the innermost definition around each of the ascending `lines`."""
    around: list[int] = []
    following = 0
    for line in lines:
        while following < len(definitions) and definitions[following].lines[0] <= line:
            around.append(following)
            following += 1
        while around and definitions[around[-1]].lines[1] < line:
            around.pop()
        yield around[-1] if around else _MODULE
