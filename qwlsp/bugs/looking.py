"""A model's eyes: what it is shown of the code, what it may answer, and what is made of that.

Nothing here runs the model. It is shown lines with their numbers, and may only name these: so what
it says is always about code that exists. Numbers count from the start of the function, so that
typing further up changes nothing in what was read ahead. What it is shown comes first, then either
of two questions: whether there is a bug at all, whose answer has a probability, and which.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from qwlsp import prompts
from qwlsp.bugs.finding import BY_MODEL, Finding, lines_of, merged, quoted
from qwlsp.guards import repeats
from qwlsp.markdown import fenced
from qwlsp.syntax.scopes import Scope, walk
from qwlsp.text import Span, Text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NO_BUG, BUG = "no bug", "bug"
MOST_FINDINGS = 3
LONGEST_MESSAGE = 160
SHORTEST_MESSAGE = 8
"""Characters."""
LONGEST_LINE = 300
"""Characters of a line that are shown."""
HEAD_SHARE = 0.5
"""Of a window's tokens that a function's header may take; of a longer one only the line with its
name is shown."""
CAVEAT = "A model says so; it may be wrong."

_NOUNS = {"block": "passage", "module": "file"}
_BLOCKS = ("module", "program", "block", "statement_block", "class_body", "switch_body")


@dataclass(frozen=True)
class Window:
    """Some lines of a function, class, file or passage, called `kind` and `name`.

    `code` is what the model is shown, each line with a number; number 1 is line `first` of the
    text, counted from 0. `numbers` are those that it may name: of lines that are not blank, and
    not of a header that is only repeated.
    """

    kind: str
    name: str
    first: int
    numbers: tuple[int, ...]
    code: str


def windows(
    scope: Scope, text: Text, *, max_tokens: int, count: Callable[[str], int]
) -> list[Window]:
    """The lines of `scope` in windows of at most `max_tokens`, if single lines are no longer.

    `count` tells the tokens of a piece of a window's `code`. Windows end between statements where
    they can, else between lines; in a text without a grammar, at blank lines. Each begins with the
    header. There is none of a scope that is blank.
    """
    lines = lines_of(text, scope.span)
    whole = _window(scope, text, lines, ())
    if count(whole.code) <= max_tokens:
        return [whole] if whole.numbers else []
    tokens = {line: count(_numbered(text, line, lines[0])) for line in lines}
    head = _head(scope, text, lines, tokens, max_tokens)
    room = max_tokens - sum(tokens[line] for line in head)
    found: list[Window] = []
    for own in _packed(lines, _borders(scope, text, lines), tokens, max_tokens, room):
        repeated = [line for line in head if line < own[0]]
        found.append(_window(scope, text, own, repeated))
    return [window for window in found if window.numbers]


def shown(window: Window, *, file: str, fence: str) -> str:
    """What the model reads first: the lines of a window of `file`, as code in `fence`."""
    code = fenced(window.code, fence)
    return prompts.load("find_bug_code").substitute(file=file, code=code) + "\n\n"


def question(window: Window) -> str:
    """Asks whether there is a bug; the answer is one of `choices()`."""
    return prompts.load("find_bug_first").substitute(kind=window.kind, name=window.name)


def choices() -> tuple[str, str]:
    """The answers to `question`. The probability of the second is that of a bug."""
    return NO_BUG, BUG


def instruction(window: Window, *, language: str = "English") -> str:
    """Asks which bugs there are; the answer is JSON of the form `schema`."""
    return prompts.load("find_bug").substitute(
        kind=window.kind, name=window.name, most=MOST_FINDINGS, language=language
    )


def schema(window: Window) -> dict[str, Any]:
    """The JSON schema of a list of findings; an empty one says that there is no bug."""
    item = {
        "line": {"enum": list(window.numbers)},
        "kind": {"enum": list(kinds())},
        "message": {
            "type": "string",
            "minLength": SHORTEST_MESSAGE,
            "maxLength": LONGEST_MESSAGE,
        },
    }
    findings = {"type": "array", "maxItems": MOST_FINDINGS, "items": _object(item)}
    return _object({"findings": findings})


def read(answer: str, window: Window, text: Text, *, probability: float) -> list[Finding]:
    """What a model's `answer` is worth, whatever stands in it: findings on lines of `window` that
    are in `text` and not blank, one a line. `probability` is that of a bug."""
    findings: list[Finding] = []
    for item in _items(answer):
        line, kind, message = (item.get(key) for key in ("line", "kind", "message"))
        # True is 1, and 1.0 is as well.
        if type(line) is not int or line not in window.numbers:
            continue
        if not isinstance(kind, str) or kind not in kinds():
            continue
        sentence = _sentence(message)
        span = _code_on(text, window.first + line - 1)
        if span is None or sentence is None or sentence in {each.message for each in findings}:
            continue
        findings.append(
            Finding(
                span=span,
                severity="warning",
                message=sentence,
                quote=quoted(text, span.start),
                origin=BY_MODEL,
                kind=kind,
                confidence=min(max(probability, 0.0), 1.0),
                why=f"{kinds()[kind]} {CAVEAT}",
            )
        )
    return merged(text, findings)


@cache
def kinds() -> dict[str, str]:
    """The kinds of bugs that a model may name, and what each is."""
    data = files(__package__).joinpath("kinds.toml").read_text(encoding="utf-8")
    found: dict[str, str] = tomllib.loads(data)
    return found


# What is shown.


def _window(scope: Scope, text: Text, own: Sequence[int], head: Sequence[int]) -> Window:
    first = text.line_of(scope.span.start)
    gap = "…\n" if head and own[0] > head[-1] + 1 else ""
    before, after = (
        "".join(_numbered(text, line, first) for line in lines) for lines in (head, own)
    )
    return Window(
        kind=_NOUNS.get(scope.kind, scope.kind),
        name=f"`{scope.name}`" if scope.name else "above",
        first=first,
        numbers=tuple(line - first + 1 for line in own if _code_on(text, line)),
        code=before + gap + after,
    )


def _numbered(text: Text, line: int, first: int) -> str:
    span = text.line_span(line)
    cut = text.data[span.start : min(span.end, span.start + 4 * LONGEST_LINE)]
    code = cut.decode(errors="ignore")
    if len(code) > LONGEST_LINE or len(cut) < span.end - span.start:
        code = code[:LONGEST_LINE] + "…"
    return f"{line - first + 1}: {code}".rstrip() + "\n"


def _code_on(text: Text, line: int) -> Span | None:
    """A line without the blanks at its ends, None for a blank one and one that is not there."""
    if line >= text.line_count:
        return None
    span = text.line_span(line)
    code = text.data[span.start : span.end]
    if not code.strip():
        return None
    return Span(span.end - len(code.lstrip()), span.start + len(code.rstrip()))


# Where windows end.


def _head(
    scope: Scope, text: Text, lines: range, tokens: dict[int, int], max_tokens: int
) -> Sequence[int]:
    """The lines that all windows begin with."""
    if scope.header.start == scope.header.end:
        return ()
    head = lines_of(text, scope.header)
    if sum(tokens[line] for line in head) <= HEAD_SHARE * max_tokens:
        return head
    named = text.line_of(scope.name_span.start if scope.name_span else scope.header.start)
    return (named,) if tokens[named] <= HEAD_SHARE * max_tokens else ()


def _borders(scope: Scope, text: Text, lines: range) -> list[int]:
    """The lines that a window may begin with, from the second of `lines` on, in order."""
    if scope.node is None:
        blank = [_code_on(text, line) is None for line in lines]
        return [line for line, above in zip(lines[1:], blank, strict=False) if above]
    starts = (
        statement.start_byte
        for block in walk(scope.node)
        if block.type in _BLOCKS
        for statement in block.named_children
    )
    return sorted({text.line_of(start) for start in starts} & set(lines[1:]))


def _packed(
    lines: range, borders: Sequence[int], tokens: dict[int, int], first_room: int, room: int
) -> Iterator[range]:
    """Parts of `lines`, each as long as fits: into `first_room` tokens, and later ones into
    `room`. Where no border is near enough, a part ends between lines."""
    start = lines[0]
    while start < lines.stop:
        left = first_room if start == lines[0] else room
        end = start
        while end < lines.stop and (end == start or tokens[end] <= left):
            left -= tokens[end]
            end += 1
        if end < lines.stop:
            at = bisect_left(borders, end + 1) - 1
            if at >= 0 and borders[at] > start:
                end = borders[at]
        yield range(start, end)
        start = end


# What is made of an answer.


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _items(answer: str) -> Iterable[dict[str, Any]]:
    """The first findings of an answer; none of one that is no JSON or of another form."""
    try:
        data = json.loads(answer)
    except (ValueError, RecursionError):
        return []
    findings = data.get("findings") if isinstance(data, dict) else None
    items = findings[:MOST_FINDINGS] if isinstance(findings, list) else []
    return [item for item in items if isinstance(item, dict)]


def _sentence(message: object) -> str | None:
    """A message on one line and with a full stop; None for one that says nothing."""
    if not isinstance(message, str) or not SHORTEST_MESSAGE <= len(message) <= LONGEST_MESSAGE:
        return None
    line = " ".join(message.split())
    says_something = line.isprintable() and sum(map(str.isalpha, line)) >= SHORTEST_MESSAGE // 2
    if not says_something or repeats(line) is not None:
        return None
    ends = unicodedata.category(line[-1]) == "Po"  # full stops and the like, of any script
    return line if ends else f"{line}."
