"""Replacements in a text, and what differs between two texts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qwlsp.text import Span, Text


@dataclass(frozen=True, order=True)
class Edit:
    """Puts `new` in the place of `span`, which is empty for an insertion."""

    span: Span
    new: str


def apply(text: Text, edits: Iterable[Edit]) -> Text:
    """The text after all `edits`, whose spans are those in `text`. Insertions at one place are
    made in the order given. Raises ValueError where spans overlap."""
    pieces: list[bytes] = []
    done = 0
    for edit in sorted(edits, key=lambda edit: edit.span):
        if edit.span.start < done:
            raise ValueError(f"Two edits overlap at byte {edit.span.start}.")
        pieces += [text.data[done : edit.span.start], Text.of(edit.new).data]
        done = edit.span.end
    return Text.of(b"".join([*pieces, text.data[done:]]).decode())


def between(before: Text, after: Text) -> list[Edit]:
    """The edits, by whole lines, that make `after` from `before`."""
    old, new = lines(before), lines(after)
    # What both begin and end with is most of them, and comparing it pairwise takes long.
    first = _common(old, new)
    last = _common(old[first:][::-1], new[first:][::-1])
    matcher = difflib.SequenceMatcher(
        None, old[first : len(old) - last], new[first : len(new) - last], autojunk=False
    )
    starts = (*before.starts, len(before.data))
    return [
        Edit(
            Span(starts[first + a], starts[first + b]),
            "".join(new[first + c : first + d]),
        )
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]


def unified_diff(path: str, before: Text, after: Text) -> str:
    """What differs, as `diff -u` and `git` print it; "" if nothing does."""
    found = difflib.unified_diff(lines(before), lines(after), f"a/{path}", f"b/{path}")
    return "".join(
        line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n"
        for line in found
    )


def lines(text: Text) -> list[str]:
    """The lines of a text with what ends them; no empty one after the last line break."""
    ends = (*text.starts[1:], len(text.data))
    found = [text.data[start:end].decode() for start, end in zip(text.starts, ends, strict=True)]
    return found if found[-1] else found[:-1]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
