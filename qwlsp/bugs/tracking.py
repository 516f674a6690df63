"""Findings stay with their lines while the text around them changes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace

from qwlsp.bugs.finding import Finding
from qwlsp.edits import Edit
from qwlsp.text import Span, Text


@dataclass(frozen=True)
class _Change:
    """`inserted` bytes in the place of `span`."""

    span: Span
    inserted: int

    def moved(self, span: Span) -> Span | None:
        """Where `span` is afterwards; None if the change is in it."""
        shift = self.inserted - (self.span.end - self.span.start)
        if self.span.end <= span.start:
            return Span(span.start + shift, span.end + shift)
        return span if self.span.start >= span.end else None


def moved(
    findings: Iterable[Finding], change_span: Span, inserted_bytes: int, before: Text, after: Text
) -> list[Finding]:
    """The findings of `before` that are still true of `after`, in which `inserted_bytes` bytes
    stand in the place of `change_span`.

    A finding goes with the lines that it is on, and vanishes when one of them changes, or gets
    something in front or behind. Its fix vanishes when what it would change has changed.
    """
    change = _least(change_span, inserted_bytes, before, after)
    kept = (_moved(finding, change, before, after) for finding in findings)
    return [finding for finding in kept if finding is not None]


def place_now(span: Span, before: Text, after: Text) -> Span:
    """Where a function is in `after` that `span` was in `before`, with what was typed in it."""
    change = _least(Span(0, len(before.data)), len(after.data), before, after)
    shift = len(after.data) - len(before.data)
    start, end = (
        at + shift if at >= change.span.end else min(at, beside)
        for at, beside in (
            (span.start, change.span.start),
            (span.end, change.span.start + change.inserted),
        )
    )
    return Span(start, end)


def _moved(finding: Finding, change: _Change, before: Text, after: Text) -> Finding | None:
    own = _lines_around(before, finding.span)
    now = change.moved(own)
    # A line that is the same bytes may have become a part of a longer one.
    if now is None or _lines_around(after, now) != now:
        return None
    shift = now.start - own.start
    span = Span(finding.span.start + shift, finding.span.end + shift)
    fix = _moved_fix(finding.fix, change) if finding.fix else None
    return replace(finding, span=span, fix=fix, fix_title=finding.fix_title if fix else "")


def _moved_fix(fix: Iterable[Edit], change: _Change) -> tuple[Edit, ...] | None:
    edits: list[Edit] = []
    for edit in fix:
        # What is typed right beside it may be what it would have done.
        is_beside = change.span.start <= edit.span.end and edit.span.start <= change.span.end
        span = None if is_beside else change.moved(edit.span)
        if span is None:
            return None
        edits.append(Edit(span, edit.new))
    return tuple(edits)


def _lines_around(text: Text, span: Span) -> Span:
    """The lines that `span` is on, without what ends the last of them. A line break at the end of
    `span` does not make the next line one of them."""
    last = text.line_of(max(span.end - 1, span.start))
    return Span(text.starts[text.line_of(span.start)], text.line_span(last).end)


def _least(span: Span, inserted: int, before: Text, after: Text) -> _Change:
    """A change without what it leaves as it is at both ends: many editors and formatters send
    more than has changed, up to the whole text."""
    old = before.data[span.start : span.end]
    new = after.data[span.start : span.start + inserted]
    first = _common(old, new)
    old, new = old[first:], new[first:]
    last = _common(old[::-1], new[::-1])
    start = span.start + first
    return _Change(Span(start, start + len(old) - last), len(new) - last)


def _common(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    shorter = min(len(one), len(other))
    # Comparing halves at once is much faster than byte by byte.
    return bisect_left(range(1, shorter + 1), True, key=lambda n: one[:n] != other[:n])
