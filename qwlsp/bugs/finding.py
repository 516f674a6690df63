"""What may be wrong with code, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from qwlsp.edits import Edit
from qwlsp.markdown import sanitize
from qwlsp.syntax.quote import shorten
from qwlsp.text import Span, Text

Severity = Literal["error", "warning", "information"]

LONGEST_QUOTE = 80
"""Characters of a line that is quoted."""
_LOOKED_AT = 8 * LONGEST_QUOTE  # bytes of a line, which may be a megabyte long

BY_MODEL = "model"
"""The origin of what no rule has found."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A bug, or what looks like one.

    `message` is one sentence for a list, `why` two or three for a reader who does not know the
    `kind` of bug. `quote` is the line where `span` begins. `origin` is "ruff:" with the code of a
    rule, or "model"; `confidence` goes from 0 to 1. `fix` would mend it, `fix_title` says how.
    """

    span: Span
    severity: Severity
    message: str
    quote: str
    origin: str
    kind: str
    confidence: float
    fix: tuple[Edit, ...] | None = None
    fix_title: str = ""
    why: str = ""


def quoted(text: Text, offset: int) -> str:
    """The line that byte `offset` is on, without blanks around it: no longer than LONGEST_QUOTE
    characters, what cannot be printed as U+FFFD."""
    span = text.line_span(text.line_of(offset))
    line = text.data[span.start : span.end].lstrip()[:_LOOKED_AT].decode(errors="ignore")
    short = shorten(" ".join(line.split()), LONGEST_QUOTE)
    return "".join(c if c.isprintable() else "\ufffd" for c in short)


def lines_of(text: Text, span: Span) -> range:
    """The lines, from 0, that `span` has a byte on, or begins on."""
    return range(text.line_of(span.start), text.line_of(max(span.end - 1, span.start)) + 1)


def begins_in(finding: Finding, span: Span, text: Text) -> bool:
    """Whether a finding in `text` begins in `span`. A syntax error at the end of a text, behind
    all that is in it, is one of what is last."""
    start = finding.span.start
    return span.start <= start and (start < span.end or not text.data[span.end :].strip())


def merged(text: Text, findings: Iterable[Finding]) -> list[Finding]:
    """The first finding of each rule on each line, and the first of the model on lines that no
    rule speaks about, in the order of lines."""
    first: dict[tuple[int, str], Finding] = {}
    for finding in findings:
        first.setdefault((text.line_of(finding.span.start), finding.origin), finding)
    ruled = {line for line, origin in first if origin != BY_MODEL}
    kept = (
        finding
        for (line, origin), finding in first.items()
        if origin != BY_MODEL or line not in ruled
    )
    return sorted(kept, key=lambda finding: finding.span)


def explained(finding: Finding) -> str:
    """What is wrong and why, as Markdown that is fit to be shown."""
    # What a model has written never starts a line, where it could start a heading or a list.
    return sanitize(f"**{finding.kind.capitalize()}:** {finding.message}\n\n{finding.why}")
