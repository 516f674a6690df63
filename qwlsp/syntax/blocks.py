"""The part of a text around a place, without a grammar: by braces, indentation or headings.

It goes by the looks of lines, so unusual strings and comments may fool it. A block that looks like
a function wins over the smaller ones in it, as where there is a grammar. Time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from qwlsp.text import Span, Text


def block_at(text: Text, span: Span) -> Span:
    """The lines of the block that covers `span`; the whole text if nothing smaller does.

    That is the innermost `{ … }` that looks like a function, with the lines that head it, else the
    innermost that looks like no branch or loop; without such, what is indented below a less
    indented line, chosen alike; without that, the paragraph.
    """
    first, last = _lines(text, span)
    lines = _in_braces(text, first, last) or _indented(text, first, last)
    return _whole_lines(text, lines or _paragraph(text, first, last))


def section_at(text: Text, span: Span) -> Span:
    """The section of a Markdown text that covers `span`; the whole text if none does.

    A section is a heading ("## …") with all up to the next heading of its level or above. What
    stands before the first heading is a section too; without any heading, each paragraph is.
    """
    first, last = _lines(text, span)
    around: list[tuple[int, int]] = []  # line and level of the headings that `first` is under
    before = -1
    for line, level in headings(text):
        if before < 0:
            before = line
        if line <= last:
            while around and around[-1][1] >= level:
                around.pop()
            if line <= first:
                around.append((line, level))
        elif around and level <= around[-1][1]:
            return _whole_lines(text, (around[-1][0], line - 1))
    if around:
        return _whole_lines(text, (around[-1][0], text.line_count - 1))
    if before < 0:
        return _whole_lines(text, _paragraph(text, first, last))
    return _whole_lines(text, (0, before - 1) if last < before else None)


_Lines = tuple[int, int]  # the first and the last, from 0


def _lines(text: Text, span: Span) -> _Lines:
    """The lines that `span` is on; blanks at its ends do not count."""
    selected = text.data[span.start : span.end]
    start = span.start + len(selected) - len(selected.lstrip())
    end = span.end - len(selected) + len(selected.rstrip())
    if start >= end:
        start = end = span.start
    return text.line_of(start), text.line_of(max(start, end - 1))


def _whole_lines(text: Text, lines: _Lines | None) -> Span:
    """The span of `lines`, or of the whole text if nothing but blanks is left out."""
    if lines is None:
        return Span(0, len(text.data))
    start, end = text.line_span(lines[0]).start, text.line_span(lines[1]).end
    if text.data[:start].strip() or text.data[end:].strip():
        return Span(start, end)
    return Span(0, len(text.data))


def _line(text: Text, line: int) -> bytes:
    span = text.line_span(line)
    return text.data[span.start : span.end]


# Braces.

_TOKEN = re.compile(
    rb"""//[^\r\n]* | /\*.*?(?:\*/|\Z) | "(?:\\.|[^"\\\r\n]){0,500}"? | '\\?.' | [{};]""",
    re.DOTALL | re.VERBOSE,
)
_COMMENT = (b"//", b"/*", b"*")
_BRANCH = re.compile(
    rb"""[\s})]*(?:else|if|for|foreach|while|do|switch|match|loop|try|catch|finally|with|using|lock
    |synchronized|unsafe|select|case|default|@media|@supports|@container)\b""",
    re.VERBOSE,
)
_LONGEST_HEAD = 20  # lines
_LONGEST_LINE = 500  # bytes that are looked at


def _in_braces(text: Text, first: int, last: int) -> _Lines | None:
    other = None
    latest_head, earliest_end = text.line_span(first).end, text.starts[last]
    for begin, opening, end in _braces(text.data):
        if begin > latest_head or end <= earliest_end:
            continue  # without a look at its head, which takes longer
        top, code = _head(text, begin, opening)
        bottom = text.line_of(end - 1)
        if not top <= first <= last <= bottom or top == bottom:
            continue
        if not code.strip() or _BRANCH.match(code):
            continue
        if b"(" in code:
            return top, bottom
        other = other or (top, bottom)
    return other


def _braces(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the `{ … }`, inner ones first: where its head may begin, where it opens, its end.

    A head begins after the last brace or semicolon. What is not closed ends with the text.
    """
    unclosed: list[tuple[int, int]] = []
    begin = 0
    for token in _TOKEN.finditer(data):
        if token[0] == b"{":
            unclosed.append((begin, token.start()))
        elif token[0] == b"}" and unclosed:
            yield *unclosed.pop(), token.end()
        if token[0] in (b"{", b"}", b";"):
            begin = token.end()
    yield from ((*each, len(data)) for each in reversed(unclosed))


def _head(text: Text, begin: int, opening: int) -> tuple[int, bytes]:
    """The first line of what heads a block, up to an empty line, and its code."""
    line = text.line_of(opening)
    found = [text.data[max(text.starts[line], opening - _LONGEST_LINE) : opening]]
    while line and text.starts[line - 1] >= begin and len(found) < _LONGEST_HEAD:
        above = _line(text, line - 1)[:_LONGEST_LINE]
        if not above.strip():
            break
        line -= 1
        found.append(above)
    code = (each for each in reversed(found) if not each.lstrip().startswith(_COMMENT))
    return line, b"\n".join(code)


# Indentation.

_FUNCTION = re.compile(rb".*\b(?:def\w*|func|function|fun|fn|sub|proc|procedure|method|macro)\b")
_CONTINUES = re.compile(rb"\s*(?:else|elif|elsif|elseif|except|rescue|ensure|finally|catch|when)\b")
_CLOSES = re.compile(rb"\s*(?:(?:end|fi|done|esac)\b|[\])}])")


def _indented(text: Text, first: int, last: int) -> _Lines | None:
    line, level = _innermost(text, first, last)
    end, following = last, _filled_below(text, last)
    other = None
    while (head := _head_above(text, line, level)) is not None:
        line, level = head, _indent(text, head) or 0
        end, following = _end_below(text, end, following, level)
        if _FUNCTION.match(_line(text, head)[:_LONGEST_LINE]):
            return head, end
        if other is None and _indent(text, head + 1) is not None:  # else it heads nothing
            other = head, end
    return other


def _innermost(text: Text, first: int, last: int) -> tuple[int, int]:
    """Below which line the innermost head is, and less than how many columns it is indented."""
    indents = [_indent(text, line) for line in range(first, last + 1)]
    filled = [indent for indent in indents if indent is not None]
    following = _filled_below(text, last)
    below = _indent(text, following) or 0
    if not filled:
        above = first - 1
        while above > 0 and _indent(text, above) is None:
            above -= 1
        return first, min(_indent(text, max(above, 0)) or 0, below)
    level = min(filled)
    deeper = [*filled[1:], below] if len(filled) == 1 else filled[1:]
    if indents[0] == level and min(deeper) > level:
        return first + 1, level + 1  # the first line is itself a head
    return first, level


def _head_above(text: Text, line: int, level: int) -> int | None:
    """The nearest line above `line` that is indented less than `level`, but goes on with no other
    one's block, as `else` does."""
    for above in range(line - 1, -1, -1):
        indent = _indent(text, above)
        if indent is None or indent >= level:
            continue
        if not _CONTINUES.match(_line(text, above)):
            return above
        level = indent + 1
    return None


def _end_below(text: Text, end: int, following: int, level: int) -> _Lines:
    """The last line of a block whose head is indented by `level`, and the next one with text.

    The block goes on at least to `end`, and `following` is the next line with text after that.
    """
    while (indent := _indent(text, following)) is not None and indent >= level:
        line = _line(text, following)
        closes = indent == level and _CLOSES.match(line)
        if indent == level and not closes and not _CONTINUES.match(line):
            break
        end, following = following, _filled_below(text, following)
        if closes:
            break
    return end, following


def _filled_below(text: Text, line: int) -> int:
    """The next line after `line` that is not blank, or the number of lines."""
    while (line := line + 1) < text.line_count and _indent(text, line) is None:
        pass
    return line


def _indent(text: Text, line: int) -> int | None:
    """The columns by which a line is indented; None for a blank line and one that is not there."""
    if line >= text.line_count:
        return None
    code = _line(text, line)
    inner = code.lstrip()
    return len(code[: len(code) - len(inner)].expandtabs()) if inner else None


def _paragraph(text: Text, first: int, last: int) -> _Lines | None:
    """The lines around `first` to `last` up to blank ones; None if all of those are blank."""
    if all(_indent(text, line) is None for line in range(first, last + 1)):
        return None
    while first and _indent(text, first - 1) is not None:
        first -= 1
    while _indent(text, last + 1) is not None:
        last += 1
    return first, last


# Markdown.

_FENCE_OR_HEADING = re.compile(rb"^ {0,3}(?:(`{3,}|~{3,})|(#{1,6})(?=[ \t\r\n]|\Z))", re.MULTILINE)


def headings(text: Text) -> Iterator[tuple[int, int]]:
    """Yield the line, from 0, and the level of each heading of a Markdown text."""
    fence = b""
    for found in _FENCE_OR_HEADING.finditer(text.data):
        if mark := found[1]:
            if not fence:
                fence = mark
            elif mark.startswith(fence):
                fence = b""
        elif not fence:
            yield text.line_of(found.start()), len(found[2])
