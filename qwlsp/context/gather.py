"""What is put around the focus: pieces from its own file and from the rest of the workspace.

They are kept in two groups, for the sake of what is read ahead. Before the focus stands what does
not change while somebody types in another function of the file: its outline, its imports,
definitions in other files. After it stands what does: definitions in the same file. So typing in
one function leaves the prompt of every other one unchanged up to its focus.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from qwlsp.context import pieces
from qwlsp.context.pieces import Piece
from qwlsp.context.resolve import Files, Reference, related
from qwlsp.documents import Snapshot
from qwlsp.syntax.languages import language, language_of_file
from qwlsp.syntax.scopes import Scope

FOR_EACH_LATER_PIECE = 80
"""Tokens held back from what stands before the focus for each piece that stands after it. Not what
those really take, which changes with every edit in them."""


class Workspace(Files, Protocol):
    """The files around the focus."""

    def relative(self, path: str) -> str:
        """What a prompt calls a file."""


@dataclass(frozen=True)
class Place:
    """Lines of a file, 1-based and inclusive, that a search has found; `title` is the name of the
    definition or section there."""

    path: str
    lines: tuple[int, int]
    title: str


@dataclass(frozen=True)
class Company:
    """The pieces around a focus, those of each group most needed first."""

    before: tuple[Piece, ...] = ()
    after: tuple[Piece, ...] = ()

    def share_before(self, budget: int) -> int:
        """How many of `budget` tokens the pieces before the focus may take."""
        return max(budget // 2, budget - FOR_EACH_LATER_PIECE * len(self.after))


def gather(
    path: str, scope: Scope, snapshot: Snapshot, files: Workspace, found: Sequence[Place] = ()
) -> Company:
    """The company of `scope`, which is in the file `path`; `found` is what a search has found."""
    outline = snapshot.outline
    fence = language(snapshot.language).fence
    before: list[Piece | None] = []
    after: list[Piece | None] = []
    used = frozenset(re.findall(r"\w+", snapshot.text.slice(scope.span)))
    if scope.kind in ("function", "class"):
        references = related(path, scope, snapshot, files)
        classes = {
            (r.path, r.definition.qualified_name) for r in references if r.role == "definition"
        }
        for reference in references:
            owner, _, _ = reference.definition.qualified_name.rpartition(".")
            if reference.definition.kind == "variable" and (reference.path, owner) in classes:
                continue  # a field is shown in its class
            group = after if reference.path == path else before
            group.append(_piece(reference, scope, used, path, files))
        before.insert(
            0,
            pieces.imports_piece(outline.imports, snapshot.text, used=used, path=path, fence=fence),
        )
        before.append(pieces.outline_piece(outline, _last_line(snapshot), path=path, fence=fence))
    known = {(piece.path, piece.lines) for piece in (*before, *after) if piece is not None}
    inside = _lines(scope, snapshot)
    for place in found:
        overlaps = place.path == path and not (
            place.lines[1] < inside[0] or inside[1] < place.lines[0]
        )
        if not overlaps and (place.path, place.lines) not in known:
            before.append(_found(place, files))
    return Company(_sorted_out(before), _sorted_out(after))


def _last_line(snapshot: Snapshot) -> int:
    return snapshot.text.line_of(max(len(snapshot.text.data) - 1, 0)) + 1


def _lines(scope: Scope, snapshot: Snapshot) -> tuple[int, int]:
    text = snapshot.text
    return text.line_of(scope.span.start) + 1, text.line_of(scope.span.end) + 1


def _sorted_out(group: Sequence[Piece | None]) -> tuple[Piece, ...]:
    """The pieces that there are, each once."""
    unique = {(piece.path, piece.role, piece.lines): piece for piece in group if piece is not None}
    return tuple(unique.values())


def _piece(
    reference: Reference, scope: Scope, used: frozenset[str], path: str, files: Workspace
) -> Piece | None:
    """The piece of what `related` has found; None for what has gone meanwhile."""
    outline, text = files.outline(reference.path), files.text(reference.path)
    if outline is None or text is None:
        return None
    known = language_of_file(reference.path)
    fence = known.fence if known else ""
    here = reference.path == path
    heading = "Also in this file:\n" if here else f"From {files.relative(reference.path)}:\n"
    definition = reference.definition
    if reference.role == "class":
        if definition.kind != "class":
            return None  # its fields are shown in it
        return pieces.class_piece(
            definition, outline, text, used=used, path=reference.path, fence=fence
        )
    if reference.role == "caller":
        return pieces.caller_piece(
            definition, text, scope.name, path=reference.path, heading=heading, fence=fence
        )
    return pieces.definition_piece(
        definition, outline, text, path=reference.path, heading=heading, fence=fence
    )


def _found(place: Place, files: Workspace) -> Piece | None:
    outline, text = files.outline(place.path), files.text(place.path)
    if text is None or place.lines[1] > text.line_count:
        return None
    heading = f"From {files.relative(place.path)}, lines {place.lines[0]} to {place.lines[1]}:\n"
    for definition in outline.definitions if outline else ():
        if definition.lines == place.lines:
            known = language_of_file(place.path)
            return pieces.definition_piece(
                definition,
                outline,  # type: ignore[arg-type]
                text,
                path=place.path,
                heading=heading,
                fence=known.fence if known else "",
                role="search",
            )
    return pieces.text_piece(text, place.lines, path=place.path, heading=heading, name=place.title)
