"""Ask: a free question about code. Without a model, where the answer may stand."""

from __future__ import annotations

from qwlsp.actions.shown import where
from qwlsp.answers import ContextPiece
from qwlsp.context.gather import Company
from qwlsp.syntax.quote import shorten

WITHOUT_MODEL = (
    "*There is no model to answer in words. `qwlsp model pull` fetches one (491 MB); any GGUF file"
    " of your own works too.*"
)
MOST_PLACES = 8
LONGEST_TITLE = 60  # characters


def title(words: str) -> str:
    """What the editor's progress bar says."""
    return shorten(" ".join(words.split()), LONGEST_TITLE)


def from_structure(company: Company) -> str:
    """What needs no model: the places that have to do with the question."""
    pieces = [*company.before, *company.after]
    places = [
        ContextPiece(piece.path, piece.lines, piece.role, 0, piece.name)
        for piece in pieces
        if piece.role not in ("imports", "outline")
    ][:MOST_PLACES]
    if not places:
        return f"Nothing was found that has to do with it.\n\n{WITHOUT_MODEL}"
    listed = "\n".join(f"- {_named(place)}{where([place])}" for place in places)
    return f"What has to do with it:\n\n{listed}\n\n{WITHOUT_MODEL}"


def _named(place: ContextPiece) -> str:
    return f"`{place.name}`, " if place.name.replace(".", "").isidentifier() else ""
