"""The outline of a file while somebody types in one of its functions.

Half a statement makes a parser take much of what follows for something else, and the outline of
such a tree is of little use. But what is typed inside a function changes nothing in an outline
except where things are. So the outline from before is kept until the text has no errors again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from qwlsp.syntax.outline import Definition, Outline
from qwlsp.text import Span, Text


@dataclass(frozen=True)
class KeptOutline:
    """The `outline` of an earlier text, and what was typed since: nothing outside of `function`,
    which ends at byte `end` now, and `added` bytes in all."""

    outline: Outline
    function: Definition | None = None
    end: int = 0
    added: int = 0

    def after(self, before: Text, span: Span, inserted: int) -> KeptOutline | None:
        """What is kept when `inserted` bytes replace `span` of the text `before`; None if that
        changes anything outside of one function's body."""
        function, end = self.function, self.end
        if function is None:
            above = [d for d in self.outline.definitions if d.header.end <= span.start]
            function = next((d for d in reversed(above) if d.kind == "function"), None)
            if function is None:
                return None
            end = function.span.end
        if span.start < function.header.end or not _is_inside(function, end, before, span):
            return None
        added = inserted - (span.end - span.start)
        end = end + added if span.end <= end else span.start + inserted
        return KeptOutline(self.outline, function, end, self.added + added)

    def of(self, text: Text) -> Outline:
        """The outline of `text`, which is what there is now."""
        if self.function is None:
            return self.outline
        return replace(
            self.outline,
            definitions=tuple(self._moved(each, text) for each in self.outline.definitions),
            imports=tuple(replace(i, at=self._now(i.at)) for i in self.outline.imports),
        )

    def _moved(self, definition: Definition, text: Text) -> Definition:
        span, header = (
            Span(self._now(old.start), self._now(old.end))
            for old in (definition.span, definition.header)
        )
        lines = text.line_of(span.start) + 1, text.line_of(max(span.end - 1, span.start)) + 1
        return replace(definition, span=span, header=header, lines=lines)

    def _now(self, offset: int) -> int:
        """Where byte `offset` of the earlier text is."""
        assert self.function is not None
        if offset > self.function.span.end:
            return offset + self.added
        return self.end if offset == self.function.span.end else min(offset, self.end)


def _is_inside(function: Definition, end: int, text: Text, span: Span) -> bool:
    """Whether `span` is in the body of `function`, which ends at `end`, or in blanks below it that
    are indented like it."""
    by_indentation = text.data[function.header.end - 1 : function.header.end] == b":"
    if not by_indentation and text.data[end - 1 : end] == b"}":
        return span.end < end
    if span.end <= end:
        return True
    is_deeper = _column(text, span.start) > _column(text, function.span.start)
    return by_indentation and is_deeper and not text.data[end : span.end].strip()


def _column(text: Text, offset: int) -> int:
    return offset - text.starts[text.line_of(offset)]
