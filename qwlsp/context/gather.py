"""What is put around the focus: pieces from its own file and from the rest of the workspace.

They are kept in two groups, for the sake of what is read ahead. Before the focus stands what does
not change while somebody types in another function of the file: its outline, its imports,
definitions in other files. After it stands what does: definitions in the same file, and what is
only found by looking into them. So typing in one function leaves the prompt of every other one
unchanged up to its focus.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from qwlsp.context import pieces
from qwlsp.context.callers import called_name
from qwlsp.context.files import visible_imports
from qwlsp.context.pieces import Piece
from qwlsp.context.resolve import Files, Reference, related_and_lasting
from qwlsp.documents import Snapshot
from qwlsp.syntax.languages import language, language_of_file
from qwlsp.syntax.outline import Outline
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Text

FOR_EACH_LATER_PIECE = 80
"""Tokens held back from what stands before the focus for each piece that is sure to stand after it.
Not what those really take, which changes with every edit in them."""


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
    """The pieces around a focus, those of each group most needed first.

    Of those after it, `lasting` are there whatever is typed in other functions of the file.
    """

    before: tuple[Piece, ...] = ()
    after: tuple[Piece, ...] = ()
    lasting: int = 0

    def share_before(self, budget: int) -> int:
        """How many of `budget` tokens the pieces before the focus may take."""
        return max(budget // 2, budget - FOR_EACH_LATER_PIECE * self.lasting)


def gather(
    path: str, scope: Scope, snapshot: Snapshot, files: Workspace, found: Sequence[Place] = ()
) -> Company:
    """The company of `scope`, which is in the file `path`; `found` is what a search has found."""
    focus = _Focus(path, scope, snapshot, files)
    before: list[Piece | None] = []
    after: list[Piece | None] = []
    lasting: list[Reference] = []
    if scope.kind in ("function", "class"):
        related, lasting = map(_shown, related_and_lasting(path, scope, snapshot, files))
        elsewhere = [each for each in lasting if each.path != path]
        before = [focus.imports(), *map(focus.piece, elsewhere), focus.outline()]
        known = {(each.path, each.definition.span) for each in elsewhere}
        after = [
            focus.piece(each) for each in related if (each.path, each.definition.span) not in known
        ]
    shown = {(piece.path, piece.lines) for piece in (*before, *after) if piece is not None}
    before += [
        focus.found(place)
        for place in found
        if (place.path, place.lines) not in shown and not focus.overlaps(place)
    ]
    return Company(
        _sorted_out(before), _sorted_out(after), sum(each.path == path for each in lasting)
    )


def _shown(references: Sequence[Reference]) -> list[Reference]:
    """All but fields, which are shown in their class."""
    classes = {(r.path, r.definition.qualified_name) for r in references if r.role != "caller"}
    return [
        each
        for each in references
        if each.definition.kind != "variable"
        or (each.path, each.definition.qualified_name.rpartition(".")[0]) not in classes
    ]


def _sorted_out(group: Sequence[Piece | None]) -> tuple[Piece, ...]:
    """The pieces that there are, each once."""
    there = [piece for piece in group if piece is not None]
    return tuple({(each.path, each.role, each.name, each.lines): each for each in there}.values())


@dataclass(frozen=True)
class _Focus:
    """The code in focus, and the files around it."""

    path: str
    scope: Scope
    snapshot: Snapshot
    files: Workspace

    @cached_property
    def words(self) -> frozenset[str]:
        """Those of its code."""
        return frozenset(re.findall(r"\w+", self.snapshot.text.slice(self.scope.span)))

    @property
    def fence(self) -> str:
        """What fences of its language say."""
        return language(self.snapshot.language).fence

    def read(self, path: str) -> tuple[Outline | None, Text | None]:
        """What a file defines and holds; its own file is the one that was asked about."""
        if path == self.path:
            return self.snapshot.outline, self.snapshot.text
        return self.files.outline(path), self.files.text(path)

    def imports(self) -> Piece | None:
        """The imports that it uses."""
        imports = visible_imports(self.snapshot.outline, self.scope.span)
        return pieces.imports_piece(
            imports, self.snapshot.text, used=self.words, path=self.path, fence=self.fence
        )

    def outline(self) -> Piece | None:
        """The outline of its file."""
        text = self.snapshot.text
        last = text.line_of(max(len(text.data) - 1, 0)) + 1
        return pieces.outline_piece(self.snapshot.outline, last, path=self.path, fence=self.fence)

    def piece(self, reference: Reference) -> Piece | None:
        """The piece of what is related; None for what has gone meanwhile."""
        definition, path = reference.definition, reference.path
        outline, text = self.read(path)
        if outline is None or text is None or definition.lines[1] > text.line_count:
            return None
        known = language_of_file(path)
        fence = self.fence if path == self.path else known.fence if known else ""
        heading = f"From {self.files.relative(path)}:\n"
        if path == self.path:
            heading = "Also in this file:\n"
        if reference.role == "class":
            return pieces.class_piece(
                definition, outline, text, used=self.words, path=path, fence=fence
            )
        if reference.role == "caller":
            name = called_name(self.scope)
            return pieces.caller_piece(
                definition, text, name, path=path, heading=heading, fence=fence
            )
        return pieces.definition_piece(
            definition, outline, text, path=path, heading=heading, fence=fence
        )

    def overlaps(self, place: Place) -> bool:
        """Whether some of its code is what a search has found."""
        text, span = self.snapshot.text, self.scope.span
        first, last = text.line_of(span.start) + 1, text.line_of(span.end) + 1
        return place.path == self.path and first <= place.lines[1] and place.lines[0] <= last

    def found(self, place: Place) -> Piece | None:
        """The piece of what a search has found; None for what has gone meanwhile."""
        outline, text = self.read(place.path)
        if text is None or place.lines[1] > text.line_count:
            return None
        where = f"lines {place.lines[0]} to {place.lines[1]}"
        heading = f"From {self.files.relative(place.path)}, {where}:\n"
        outline = outline or Outline()
        for definition in outline.definitions:
            if definition.lines == place.lines:
                known = language_of_file(place.path)
                return pieces.definition_piece(
                    definition,
                    outline,
                    text,
                    path=place.path,
                    heading=heading,
                    fence=known.fence if known else "",
                    role="search",
                )
        return pieces.text_piece(
            text, place.lines, path=place.path, heading=heading, name=place.title
        )
