"""Which pieces go into a prompt, and in which form, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qwlsp.context.pieces import Form, Piece

Size = Callable[[str], int]
"""The tokens of a text."""


def choose(pieces: Sequence[Piece], size: Size, budget: int) -> list[Form | None]:
    """A form for each piece, or None for those that have no room.

    `pieces` come most needed first. Each gets its shortest form before any gets a fuller one: a
    reader misses a definition that is not there more than the body of one that is. Then they are
    made fuller, one step each, the most needed first.
    """
    levels = [len(piece.forms) for piece in pieces]  # one more than the last form: not in
    left = budget
    for _ in range(max(levels, default=0)):
        for index, piece in enumerate(pieces):
            if (level := levels[index]) == 0:
                continue
            now = size(piece.forms[level].text) if level < len(piece.forms) else 0
            more = size(piece.forms[level - 1].text) - now
            if more <= left:
                left -= more
                levels[index] = level - 1
    return [
        piece.forms[level] if level < len(piece.forms) else None
        for piece, level in zip(pieces, levels, strict=True)
    ]
