"""The code that a question is about, as much of it as the model gets to see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qwlsp.documents import Snapshot
from qwlsp.syntax.outline import Definition
from qwlsp.syntax.quote import first_paragraph
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Span, Text

LEFT_OUT = "… lines {first} to {last} are left out …\n"
PARTS_OF_BLOCKS = 3
"""Levels of blocks in blocks at whose statements code may be cut."""


@dataclass(frozen=True)
class Focus:
    """Code in focus.

    `lines` are those that `code` is about, `left_out` those behind them that did not fit, if any:
    1-based, first and last. `is_skeleton`: the bodies of functions are left out.
    """

    code: str
    lines: tuple[int, int]
    left_out: tuple[int, int] | None = None
    is_skeleton: bool = False


def whole(scope: Scope, text: Text) -> Focus:
    """All lines of `scope`."""
    first, last = _lines(scope, text)
    return Focus(whole_lines(text, first, last), (first + 1, last + 1))


def shortened(scope: Scope, text: Text, *, max_bytes: int) -> Focus:
    """As many of the first statements of `scope` as fit into `max_bytes`, at least its header,
    whatever that takes; of a text without statements, as many lines, at least one."""
    first, last = _lines(scope, text)
    begin = text.line_span(first).start
    if text.line_span(last).end - begin <= max_bytes:
        return whole(scope, text)
    header = text.line_of(max(scope.header.end - 1, scope.span.start))
    kept = header
    for start in _cuts(scope, text):
        if header < start <= last and text.line_span(start - 1).end - begin <= max_bytes:
            kept = max(kept, start - 1)
    if kept == last:
        return whole(scope, text)
    left_out = (kept + 2, last + 1)
    note = LEFT_OUT.format(first=left_out[0], last=left_out[1])
    return Focus(whole_lines(text, first, kept) + note, (first + 1, kept + 1), left_out)


def skeleton(snapshot: Snapshot, *, docstrings: bool) -> Focus:
    """A whole file without the bodies of its functions, with the first paragraph of each of their
    docstrings or without."""
    text = snapshot.text
    pieces: list[str] = []
    end = 0
    for definition in snapshot.outline.definitions:
        if definition.kind != "function" or definition.header.end < end:
            continue
        pieces.append(text.slice(Span(end, definition.header.end)))
        pieces.append(_stand_in(definition, text, docstrings=docstrings))
        end = definition.span.end
    pieces.append(text.slice(Span(end, len(text.data))))
    return Focus(_newlines("".join(pieces)), (1, text.line_count), is_skeleton=True)


def whole_lines(text: Text, first: int, last: int) -> str:
    """Lines `first` to `last` (0-based, inclusive), each with "\\n" at its end."""
    return _newlines(text.slice(Span(text.line_span(first).start, text.line_span(last).end))) + "\n"


def _newlines(code: str) -> str:
    return code.replace("\r\n", "\n").replace("\r", "\n")


def _lines(scope: Scope, text: Text) -> tuple[int, int]:
    """The first and last line of `scope`, 0-based."""
    span = scope.span
    return text.line_of(span.start), text.line_of(max(span.start, span.end - 1))


def _stand_in(definition: Definition, text: Text, *, docstrings: bool) -> str:
    """What stands for the body of a function."""
    opening = text.data[definition.header.end - 1 : definition.header.end]
    if definition.header.end == definition.span.end:
        return ""
    if opening != b":":
        return " … }" if opening == b"{" else " …"
    start = text.line_span(text.line_of(definition.header.start)).start
    indentation = text.slice(Span(start, definition.header.start))
    indentation = (indentation if indentation.isspace() else "") + "    "
    summary = first_paragraph(definition.docstring)
    told = f'{indentation}"""{summary}"""\n' if docstrings and summary else ""
    return f"\n{told}{indentation}..."


def _cuts(scope: Scope, text: Text) -> Iterable[int]:
    """The lines (0-based) before which `scope` may be cut."""
    if scope.node is None:
        first, last = _lines(scope, text)
        return range(first + 1, last + 1)
    firsts: dict[int, int] = {}
    for start in sorted(_statements(scope)):
        firsts.setdefault(text.line_of(start), start)
    # Before what follows another statement's end on its line, that one would be cut.
    return [
        line for line, start in firsts.items() if not text.data[text.starts[line] : start].strip()
    ]


def _statements(scope: Scope) -> Iterator[int]:
    """Where the statements of the body begin, and those of the blocks in it."""
    body = scope.syntax.child_by_field_name("body") or scope.syntax
    level = [body]
    for _ in range(PARTS_OF_BLOCKS):
        below = []
        for block in level:
            for statement in block.named_children:
                yield statement.start_byte
                below += [child for child in statement.named_children if "block" in child.type]
        level = below
