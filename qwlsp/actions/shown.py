"""What a model has written, as a person gets to see it: only what is safe, true and finished."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from qwlsp.answers import ContextPiece
from qwlsp.guards import guard, identifiers
from qwlsp.markdown import sanitize

NAMED = 3
"""Names of what was left out; how many more there are is a number."""
LINKED = 6
"""Places that an answer about the workspace names at its end."""
NEEDED = ("class", "definition", "search")
"""Roles of pieces that a reader misses."""

_SPAN = re.compile(r"(?<![`\[])`([^\W\d][\w.]*?)(\(\))?`(?!`)")


def unfinished(written: str, *, code: str, read: str) -> str:
    """What the model has written so far, as Markdown that is fit to be shown. It was shown `code`
    and has read `read` in all."""
    return sanitize(guard(written, prompt=read, known=identifiers(code), final=False))


def finished(written: str, *, code: str, read: str, places: Iterable[ContextPiece]) -> str:
    """All that it has written; the names of `places` are links to where they stand."""
    text = sanitize(guard(written, prompt=read, known=identifiers(code), final=True))
    return linked(text, places)


def linked(markdown: str, places: Iterable[ContextPiece]) -> str:
    """`markdown` with each code span that names one of `places` as a link, the first time."""
    targets: dict[str, str] = {}
    for place in places:
        if place.name and (target := address(place)):
            for name in (place.name, place.name.rpartition(".")[2]):
                targets.setdefault(name, target)
    used: set[str] = set()

    def link(match: re.Match[str]) -> str:
        name = match[1]
        if name not in targets or name in used:
            return match[0]
        used.add(name)
        return f"[{match[0]}]({targets[name]})"

    lines = markdown.split("\n")
    in_fence = False
    for index, line in enumerate(lines):
        if line.lstrip(" >-*").startswith(("```", "~~~")):
            in_fence = not in_fence
        elif not in_fence and "](" not in line:
            lines[index] = _SPAN.sub(link, line)
    return "\n".join(lines)


def address(place: ContextPiece) -> str:
    """A link to a place in a file, "" for a buffer that is none."""
    path = Path(place.path)
    if not path.is_absolute():
        return ""
    target = path.as_uri().replace("(", "%28").replace(")", "%29")
    return f"{target}#L{place.lines[0]}"


def notes(
    context: Sequence[ContextPiece],
    left_out: Sequence[ContextPiece],
    *,
    cut_off_after: int | None,
    place: str = "",
) -> str:
    """The lines below an answer: what it can't know, where to read on, that it is not finished,
    and that the code went to `place`."""
    found: list[str] = []
    if cut_off_after is not None:
        found.append(f"*The answer was cut off after {cut_off_after} tokens.*")
    for piece in left_out:
        if piece.role == "focus":
            first, last = piece.lines
            found.append(f"*Lines {first} to {last} did not fit and were not read.*")
    missing = [piece.name for piece in left_out if piece.role in NEEDED and piece.name]
    if missing:
        named = ", ".join(f"`{name}`" for name in missing[:NAMED])
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        found.append(f"*Not read, for want of time or room: {named}{more}.*")
    if places := [piece for piece in context if piece.role == "search"]:
        found.append(f"Read: {where(places)}")
    if place:
        found.append(f"*The code was sent to {place}.*")
    return "".join(f"\n\n{note}" for note in found)


def where(places: Iterable[ContextPiece]) -> str:
    """Links to some places."""
    return ", ".join(
        f"[`{Path(place.path).name.replace('`', '')}:{place.lines[0]}`]({address(place)})"
        for place in list(places)[:LINKED]
        if address(place)
    )
