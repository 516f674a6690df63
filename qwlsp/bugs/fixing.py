"""A model's replacement for the lines of a finding, offered only if it is sound."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from qwlsp import edits, prompts
from qwlsp.bugs.finding import Finding, lines_of
from qwlsp.bugs.rules import table
from qwlsp.checks import rewrites
from qwlsp.checks.linter import LinterFailed, known_rules, lint
from qwlsp.edits import Edit
from qwlsp.markdown import fenced
from qwlsp.syntax.languages import PYTHON
from qwlsp.text import Span, Text

MOST_LINES = 5
LONGEST_LINE = 160
"""Characters."""
TITLE = "Change the code as the model suggests"

_NAME = "text.py"
_FENCE = re.compile(r"\s*(?:```|~~~)")


def can_be_fixed(finding: Finding, text: Text) -> bool:
    """Whether a model may be asked: the finding is on few enough lines, and not too long ones."""
    lines = [text.line_span(line) for line in lines_of(text, finding.span)]
    return len(lines) <= MOST_LINES and all(s.end - s.start <= LONGEST_LINE for s in lines)


def fix_instruction(finding: Finding, text: Text) -> str:
    """Asks for the lines of `finding` in the Python text `text` without the bug; the answer is
    plain code of the form `fix_regex`."""
    code = "\n".join(text.slice(text.line_span(line)) for line in lines_of(text, finding.span))
    return prompts.load("find_bug_fix").substitute(
        kind=finding.kind,
        message=finding.message,
        code=fenced(code, PYTHON.fence),
        most=MOST_LINES,
    )


def fix_regex() -> str:
    """The regular expression of an answer to `fix_instruction`."""
    line = rf"[^\x00-\x08\x0a-\x1f\x7f]{{0,{LONGEST_LINE}}}"
    return rf"{line}(\n{line}){{0,{MOST_LINES - 1}}}"


def fix_from_model(finding: Finding, text: Text, new_lines: str) -> tuple[Edit, ...] | None:
    """The edits that put `new_lines` in the place of the lines of `finding`, in a Python text.

    None unless the result parses and compiles, no rule finds anything new in it, what a rule has
    found is gone, it is other code than before, and indentation and line ends are kept.
    """
    lines = lines_of(text, finding.span)
    code = _code(new_lines)
    if not can_be_fixed(finding, text) or not code:
        return None
    edit = _edit(text, lines, code)
    after = edits.apply(text, [edit])
    passed = (
        rewrites.layout(_NAME, text, after).passed
        and rewrites.parses(_NAME, text, after).passed
        and rewrites.compiles(_NAME, text, after).passed
        and rewrites.in_places(_NAME, text, after, set(lines)).passed
        and _is_other_code(text, after)
    )
    try:
        return (edit,) if passed and _is_mended(finding, text, after) else None
    except LinterFailed:
        return None


def with_fix(finding: Finding, text: Text, new_lines: str) -> Finding:
    """`finding` with the fix that a model has written, if it is sound."""
    fix = fix_from_model(finding, text, new_lines)
    return replace(finding, fix=fix, fix_title=TITLE) if fix else finding


def _code(answer: str) -> list[str]:
    """The lines of an answer, without a fence, blank lines around them, and the indentation that
    they have in common; none of one that is of another form."""
    lines = answer.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    code = textwrap.dedent("\n".join(line for line in lines if not _FENCE.match(line)))
    kept = code.strip("\n").rstrip().split("\n")
    is_short = len(kept) <= MOST_LINES and all(len(line) <= LONGEST_LINE for line in kept)
    is_plain = all(line.replace("\t", "").isprintable() for line in kept)
    return kept if is_short and is_plain and any(kept) else []


def _edit(text: Text, lines: range, code: list[str]) -> Edit:
    """Puts `code` in the place of `lines`, indented as they are."""
    first = text.line_span(lines[0])
    old = text.slice(first)
    indent = old[: len(old) - len(old.lstrip())]
    starts = (*text.starts, len(text.data))
    newline = text.data[first.end : starts[lines[0] + 1]].decode() or _any_newline(text)
    new = newline.join(f"{indent}{line}" if line.strip() else "" for line in code)
    return Edit(Span(first.start, text.line_span(lines[-1]).end), new)


def _any_newline(text: Text) -> str:
    if text.line_count == 1:
        return "\n"
    return text.data[text.line_span(0).end : text.starts[1]].decode()


def _is_other_code(before: Text, after: Text) -> bool:
    """Whether more has changed than comments and blanks."""
    return _parsed(before) != _parsed(after)


def _parsed(text: Text) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.dump(ast.parse(str(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return str(text)


def _is_mended(finding: Finding, before: Text, after: Text) -> bool:
    """Whether no rule finds more than before, and the one that spoke finds less. Raises
    LinterFailed."""
    old, new = Counter(_found(before)), Counter(_found(after))
    code = finding.origin.removeprefix("ruff:")
    spoke = sum(count for (each, _), count in old.items() if each == code)
    speaks = sum(count for (each, _), count in new.items() if each == code)
    is_sound = new <= old and rewrites.linted(_NAME, before, after).passed
    return is_sound and (speaks < spoke or not spoke)


def _found(text: Text) -> Iterator[tuple[str, str]]:
    rules = [code for code in table() if code in known_rules()]
    for found in lint(text, name=_NAME, rules=rules):
        yield found.code, found.message
