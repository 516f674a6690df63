"""A prompt: what stays the same first, what differs between actions last.

The order serves reuse. The engine keeps what it has read of a prompt, so two actions on the same
code share everything up to the instruction, and an edit elsewhere changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from qwlsp.context.known import known_facts
from qwlsp.syntax.facts import facts
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Span, Text

LEFT_OUT = "    # … lines {first} to {last} are left out …\n"


@dataclass(frozen=True)
class Focus:
    """The code that a question is about, as the model gets to see it.

    `lines` are those of it that are in `code`, `left_out` those that did not fit, if any: 1-based,
    first and last.
    """

    code: str
    lines: tuple[int, int]
    left_out: tuple[int, int] | None = None


@dataclass(frozen=True)
class Prompt:
    """The texts of a chat. Each part is tokenized for itself, so the tokens of `system` and
    `code` do not depend on `instruction`."""

    system: str
    code: str
    instruction: str


def focus_of(scope: Scope, text: Text, *, max_bytes: int | None = None) -> Focus:
    """The code of `scope`; if it is longer than `max_bytes`, as many of its first statements as
    fit (at least its header, whatever that takes)."""
    first = text.line_of(scope.span.start)
    last = text.line_of(max(scope.span.start, scope.span.end - 1))
    kept = last if max_bytes is None else _last_line_within(scope, text, first, last, max_bytes)
    code = _whole_lines(text, first, kept)
    if kept == last:
        return Focus(code, (first + 1, last + 1))
    left_out = (kept + 2, last + 1)
    code += LEFT_OUT.format(first=left_out[0], last=left_out[1])
    return Focus(code, (first + 1, kept + 1), left_out)


def build(scope: Scope, focus: Focus, *, path: str, system: str, instruction: str) -> Prompt:
    """The prompt for one instruction about `focus`, with what the tree knows of it."""
    known = "\n".join(f"- {fact}" for fact in known_facts(facts(scope)))
    fence = _fence(focus.code)
    code = (
        f"File {path}, lines {focus.lines[0]} to {focus.lines[1]}:\n\n"
        f"{fence}python\n{focus.code.rstrip()}\n{fence}\n\n"
    )
    if known:
        code += f"Facts about it:\n{known}\n\n"
    return Prompt(system, code, instruction)


def _last_line_within(scope: Scope, text: Text, first: int, last: int, max_bytes: int) -> int:
    """The last line (0-based) to keep, which is one before a statement, or `last`."""
    begin = text.line_span(first).start
    if text.line_span(last).end - begin <= max_bytes:
        return last
    header = text.line_of(max(scope.header.end - 1, scope.span.start))
    kept = header
    for start in sorted({text.line_of(span.start) for span in _statements(scope)}):
        if header < start and text.line_span(start - 1).end - begin <= max_bytes:
            kept = max(kept, start - 1)
    return kept


def _statements(scope: Scope) -> list[Span]:
    """The statements of the body, and those of the blocks in it, two levels deep."""
    body = scope.node.child_by_field_name("body") or scope.node
    found: list[Span] = []
    level = [body]
    for _ in range(3):
        below = []
        for block in level:
            for statement in block.named_children:
                found.append(Span(statement.start_byte, statement.end_byte))
                below += [child for child in statement.named_children if child.type == "block"]
        level = below
    return found


def _whole_lines(text: Text, first: int, last: int) -> str:
    span = Span(text.line_span(first).start, text.line_span(last).end)
    return text.slice(span).replace("\r\n", "\n").replace("\r", "\n") + "\n"


def _fence(code: str) -> str:
    """A fence longer than any run of backticks in `code`."""
    longest = run = 0
    for character in code:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return "`" * max(3, longest + 1)
