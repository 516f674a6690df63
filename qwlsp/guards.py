"""What makes the answer of a very small model worth showing.

A model of 0.5B parameters runs in circles, repeats the question before it answers it, and names
functions that do not exist. These are pure functions of the whole answer so far, called again for
each piece of a stream, and cheap enough for that. They improve the text; that it is safe to show
is the work of `qwlsp.markdown`.
"""

from __future__ import annotations

import functools
import keyword
import re
from collections.abc import Collection, Sequence

_WINDOW = 4_000  # characters at the end that are searched for repetition
_PROBE = 30  # the last characters, whose earlier occurrences suggest a period
_PROBES = 50  # how many of these occurrences are tried
_LONG = 60  # characters; a unit of this length needs fewer copies to be pointless
_ECHO = 20  # characters; a single shorter line is no echo, it may be there by chance
_LEAD_IN = 120  # characters; a longer line does not just lead in to what follows

_FENCE_LINE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(?:```|~~~)", re.MULTILINE)
_PIECE_END = re.compile(r"\n\s*|(?<=[^\d\s][.!?])\s+")
_ITEM_MARK = re.compile(r"^(?:[-*+]|\d+[.)])\s+")
_OPENER = re.compile(r"\s*(?:here|sure|certainly|of course|below|the following)\b", re.IGNORECASE)

# Fences, code spans and backticks that open nothing (yet), as CommonMark finds them.
_CODE = re.compile(
    r"""
    ^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*            # in quotes and lists
    (?P<fence>`{3,}(?=[^`\n]*$)|~{3,})[\s\S]*?
    (?:\n[ \t>]*(?P=fence)[`~]*[ \t]*$|\Z)
  | \\[\\`]
  | (?P<ticks>`+)(?!`)(?P<span>(?:[^\n]|\n(?![ \t]*\n))+?)(?<!`)(?P=ticks)(?!`)
  | (?P<unclosed>`+)
""",
    re.VERBOSE | re.MULTILINE,
)
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:\(\))?")
_IDENTIFIER = re.compile(r"\b[^\W\d]\w*")


def guard(answer: str, *, prompt: str, known: Collection[str], final: bool) -> str:
    """Return what of `answer` is worth showing, as Markdown.

    `prompt` is what the model read, `known` the identifiers of the code it speaks of; `final`
    says that nothing more comes. Until then, what may turn out to be an echo is held back, and a
    code span that is being written is closed. A final answer that is nothing but an echo stays.
    """
    end = repeats(answer)
    if end is not None:
        answer = answer[:end].rstrip()
    rest = strip_echo(answer, prompt, final=final)
    if final:
        return unquote_unknown(rest if rest.strip() else answer, known)
    return _closed(unquote_unknown(rest, known))


def repeats(text: str) -> int | None:
    """Return the offset at which `text` starts to repeat itself pointlessly, else None.

    The offset is that of the second copy: `text[:offset]` has said everything once. Only the end
    is searched; who reads a stream stops when it repeats itself. Found are

    - a period of up to about 1,000 characters, four times in a row (three times if it is long)
      and over at least 60 characters. Code may repeat itself more often; what has no letters, as
      rules, indentation and numbers, over 300 characters, and so may the cells of a table.
    - the same line or sentence three times in a row, numbered or not, but not in code.
    """
    if not text:
        return None
    in_code = len(_FENCE_LINE.findall(text)) % 2 == 1
    period = _period(text[-_WINDOW:], in_code=in_code)
    if period:
        return _second_copy(text, period)
    return None if in_code else _second_piece(text)


def _period(tail: str, *, in_code: bool) -> int | None:
    """Return the length of what stands at the end of `tail` too often in a row."""
    in_table = tail[tail.rfind("\n") + 1 :].lstrip().startswith("|")
    probe = tail[-_PROBE:]
    end = len(tail) - 1
    for _ in range(_PROBES):
        start = tail.rfind(probe, 0, end)
        if start < 0:
            break
        period = len(tail) - len(probe) - start
        unit = tail[-period:]
        copies = _copies_needed(unit, in_code=in_code, in_table=in_table)
        if tail.endswith(unit * copies):
            return period
        end = start + len(probe) - 1
    return None


def _copies_needed(unit: str, *, in_code: bool, in_table: bool) -> int:
    """Return how many copies of `unit` in a row are pointless."""
    if not any(map(str.isalpha, unit)) or (in_table and "\n" not in unit):
        copies, characters = 4, 300
    elif in_code:
        copies, characters = (4 if len(unit) >= _LONG else 6), 120
    else:
        copies, characters = (3 if len(unit) >= _LONG else 4), 60
    return max(copies, -(-characters // len(unit)))


def _second_copy(text: str, period: int) -> int:
    """Return where the second copy starts in a `text` that ends with copies `period` long."""
    unit = text[-period:]
    start = len(text) - period
    while text.endswith(unit, 0, start):
        start -= period
    while start and text[start - 1] == text[start - 1 + period]:
        start -= 1
    # What stands before a copy may happen to end like one: begin with a line, sentence or word.
    for boundary in ("\n", ". ", " "):
        if start and boundary in unit + unit[0]:
            start = text.index(boundary, max(0, start - len(boundary))) + len(boundary)
            break
    while unit.strip() and text[start] == "\n":
        start += 1
    return start + period


def _second_piece(text: str) -> int | None:
    """Return where the second of three or more equal lines or sentences at the end starts."""
    pieces: list[tuple[int, str]] = []  # offset and text of the complete ones
    start = offset = max(0, len(text) - _WINDOW)
    for boundary in _PIECE_END.finditer(text, offset):
        pieces.append((start, _ITEM_MARK.sub("", text[start : boundary.start()])))
        start = boundary.end()
    unfinished = _ITEM_MARK.sub("", text[start:])
    if unfinished.endswith((".", "!", "?")):
        pieces.append((start, unfinished))
    elif not pieces or not pieces[-1][1].startswith(unfinished):
        return None
    last = pieces[-1][1]
    if not any(map(str.isalpha, last)) or last.startswith("|"):
        return None
    run = 0
    while run < len(pieces) and pieces[-1 - run][1] == last:
        run += 1
    return pieces[1 - run][0] if run >= 3 else None


def strip_echo(answer: str, prompt: str, *, final: bool = True) -> str:
    """Return `answer` without a beginning that only repeats lines of `prompt`.

    That is a code block, or lines, all of which stand in the prompt (but for blank space and
    marks around them), with the line that leads in to them ("Here is the function:"). Unless
    `final`, a beginning that can still become one is left out too.
    """
    lines_read = _lines_read(prompt)
    while True:
        rest = _after_echo(answer, lines_read, final=final)
        if rest == answer:
            return answer
        answer = rest


@functools.lru_cache(maxsize=4)
def _lines_read(prompt: str) -> frozenset[str]:
    return frozenset(map(_bare, prompt.split("\n"))) - {""}


def _bare(line: str) -> str:
    """Return a line without the blank space and the marks that a model changes when it copies."""
    return " ".join(line.split()).strip("#>*_\"' ")


def _after_echo(answer: str, lines_read: Collection[str], *, final: bool) -> str:
    lines = answer.split("\n")
    written = [number for number, line in enumerate(lines) if line.strip()]
    if not written:
        return answer
    first = lines[written[0]]
    leads_in = len(first) <= _LEAD_IN and first.rstrip().endswith(":")
    for start in written[: 1 + leads_in]:
        end = _echo_end(lines, start, lines_read, final=final)
        if end is not None:
            return "\n".join(lines[end:]).lstrip("\n")
    if final or len(written) > 1 or not _OPENER.match(first):
        return answer
    is_unfinished = len(lines) == written[0] + 1 and len(first) <= _LEAD_IN
    return "" if leads_in or is_unfinished else answer


def _echo_end(
    lines: Sequence[str], start: int, lines_read: Collection[str], *, final: bool
) -> int | None:
    """Return the number of the line after the echo that starts at line `start`, if one does."""
    fence = re.match(r"\s*(`{3,}|~{3,})", lines[start])
    echoed = ""
    for number in range(start + (fence is not None), len(lines)):
        line = lines[number]
        if fence and line.strip().startswith(fence[1]):
            return number + 1 if echoed else None
        bare = _bare(line)
        if bare and bare not in lines_read:
            is_unfinished = not final and number == len(lines) - 1
            if is_unfinished and _can_become(bare, lines_read):
                return len(lines)
            return number if _is_echo(echoed) and not fence else None
        echoed += f"{bare}\n" if bare else ""
    return len(lines) if _is_echo(echoed) or not final else None


def _is_echo(echoed: str) -> bool:
    return len(echoed) > _ECHO or echoed.count("\n") > 1


def _can_become(bare: str, lines_read: Collection[str]) -> bool:
    """Whether a line that begins with `bare` can still be one of these, or open a code block."""
    return not bare.strip("`~") or any(line.startswith(bare) for line in lines_read)


def unquote_unknown(markdown: str, known: Collection[str]) -> str:
    """Return `markdown` without the backticks around names that do not exist.

    A name is an identifier or a dotted name, with `()` or without, that fills a code span. It
    exists if all its parts are in `known` or are keywords of Python. Other code is kept.
    """

    def unquoted(match: re.Match[str]) -> str:
        name = match["span"]
        if name is None or not _NAME.fullmatch(name):
            return match[0]
        parts = _IDENTIFIER.findall(name)
        if all(part in known or keyword.iskeyword(part) for part in parts):
            return match[0]
        # `__init__` would be bold; an underscore inside a word means nothing.
        is_marked = any(part.startswith("_") or part.endswith("_") for part in parts)
        return name.replace("_", r"\_") if is_marked else name

    return _CODE.sub(unquoted, markdown)


def _closed(markdown: str) -> str:
    """Close the code span in the last line of an unfinished text, or leave out its bare start."""
    for match in _CODE.finditer(markdown):
        ticks = match["unclosed"]
        if ticks and "\n" not in markdown[match.end() :]:
            return markdown + ticks if match.end() < len(markdown) else markdown[: match.start()]
    return markdown


def identifiers(code: str) -> set[str]:
    """Return all identifiers in `code`, keywords and words of strings and comments included."""
    return set(_IDENTIFIER.findall(code))
