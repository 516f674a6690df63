"""Text as editors and parsers see it: lines, positions in three encodings, byte spans, edits.

Text is kept as UTF-8, because tree-sitter counts in bytes of it. Lines are the Language Server
Protocol's: they end at "\\n", "\\r\\n" or "\\r", and at nothing else; a form feed or U+2028, where
`str.splitlines` would end one too, is an ordinary character.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from enum import Enum
from itertools import accumulate

_SURROGATE = re.compile("[\ud800-\udfff]")


class Encoding(str, Enum):
    """The unit that `Position.character` counts: the code unit of this encoding."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


@dataclass(frozen=True, order=True)
class Position:
    """A place between two characters: line and code units into it, both from 0."""

    line: int
    character: int


@dataclass(frozen=True)
class Range:
    """What lies from `start` up to `end`, in some encoding."""

    start: Position
    end: Position


@dataclass(frozen=True, order=True)
class Span:
    """The bytes from `start` up to `end` of a text in UTF-8; both fall between characters."""

    start: int
    end: int


@dataclass(frozen=True)
class Text:
    """An immutable text. Make one with `Text.of`.

    `data` is the text in UTF-8, `starts` the byte offset of each line's start. An empty text has
    one line; a text that ends in a newline has an empty last one.
    """

    data: bytes
    starts: tuple[int, ...] = field(repr=False, compare=False)

    @classmethod
    def of(cls, s: str) -> Text:
        """The text of `s`, each lone surrogate in it replaced by U+FFFD."""
        data = _encoded(s)
        return cls(data, _line_starts(data))

    def __str__(self) -> str:
        return self.data.decode()

    @property
    def line_count(self) -> int:
        """The number of lines, at least one."""
        return len(self.starts)

    def line_span(self, line: int) -> Span:
        """The span of line `line`, counted from 0, without what ends it. Raises IndexError."""
        if not 0 <= line < len(self.starts):
            raise IndexError(f"There is no line {line} in a text of {len(self.starts)} lines.")
        start = self.starts[line]
        if line + 1 == len(self.starts):
            return Span(start, len(self.data))
        end = self.starts[line + 1] - 1
        if self.data[end - 1 : end + 1] == b"\r\n":
            end -= 1
        return Span(start, end)

    def line_of(self, offset: int) -> int:
        """The line, from 0, that byte `offset` is on; what ends a line belongs to it."""
        return max(bisect_right(self.starts, offset) - 1, 0)

    def offset(self, position: Position, encoding: Encoding) -> int:
        """The byte offset of `position`, or of the nearest place before it that exists.

        Past the last line that is the end of the text, past a line's end that end, and inside a
        character its start; negative numbers count as 0.
        """
        if position.line >= len(self.starts):
            return len(self.data)
        span = self.line_span(max(position.line, 0))
        line = self.data[span.start : span.end]
        return span.start + _byte_column(line, max(position.character, 0), encoding)

    def position(self, offset: int, encoding: Encoding) -> Position:
        """The position of byte `offset`, or of the nearest place before it that exists."""
        line = self.line_of(offset)
        span = self.line_span(line)
        before = self.data[span.start : max(min(offset, span.end), span.start)]
        if before.isascii():
            return Position(line, len(before))
        # An offset inside a character leaves the first bytes of it, which are left out.
        return Position(line, _width(before.decode(errors="ignore"), encoding))

    def span(self, range_: Range, encoding: Encoding) -> Span:
        """The span of `range_`, whose ends may stand in either order."""
        start, end = sorted(self.offset(p, encoding) for p in (range_.start, range_.end))
        return Span(start, end)

    def range(self, span: Span, encoding: Encoding) -> Range:
        """The range of `span`."""
        return Range(self.position(span.start, encoding), self.position(span.end, encoding))

    def slice(self, span: Span) -> str:
        """The characters of `span`."""
        return self.data[span.start : span.end].decode()

    def replace(self, span: Span, new: str) -> Text:
        """The text with `new` in place of `span`; only lines at the edit are scanned again."""
        inserted = _encoded(new)
        data = b"".join((self.data[: span.start], inserted, self.data[span.end :]))
        shift = len(data) - len(self.data)
        # The line before is scanned too: a "\r" that ended it may have got a "\n" to its right.
        # After the edit no such thing happens: the end of its last line stays what it was.
        first = max(self.line_of(span.start) - 1, 0)
        after = self.line_of(span.end) + 1
        end = self.starts[after] + shift if after < len(self.starts) else len(data)
        return Text(
            data,
            self.starts[:first]
            + _line_starts(data, self.starts[first], end)
            + tuple([start + shift for start in self.starts[after + 1 :]]),
        )


def _encoded(s: str) -> bytes:
    """`s` in UTF-8. U+FFFD is as wide as a lone surrogate in all three encodings."""
    try:
        return s.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", s).encode()


def _line_starts(data: bytes, start: int = 0, end: int | None = None) -> tuple[int, ...]:
    """Where lines start in `data[start:end]`, its end included if a line ends there."""
    # Unlike a str's, the lines of bytes end as the protocol's do.
    lines = data[start:end].splitlines(keepends=True)
    starts = tuple(accumulate(map(len, lines), initial=start))
    return starts if not lines or lines[-1].endswith((b"\n", b"\r")) else starts[:-1]


def _byte_column(line: bytes, character: int, encoding: Encoding) -> int:
    """The bytes of `line` before its code unit `character`, rounded down to a whole character."""
    if character >= len(line) or line.isascii():
        return min(character, len(line))
    if encoding is Encoding.UTF8:
        before = line[:character].decode(errors="ignore")
    elif encoding is Encoding.UTF16:
        units = line.decode().encode("utf-16-le")[: 2 * character]
        before = units.decode("utf-16-le", errors="ignore")
    else:
        before = line.decode()[:character]
    return len(before.encode())


def _width(s: str, encoding: Encoding) -> int:
    """The code units of `s`."""
    if encoding is Encoding.UTF8:
        return len(s.encode())
    if encoding is Encoding.UTF16:
        return len(s.encode("utf-16-le")) // 2
    return len(s)
