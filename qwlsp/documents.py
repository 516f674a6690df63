"""Open buffers, each as the latest of a series of snapshots that never change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from tree_sitter import Tree

from qwlsp.errors import BadRequest, QwlspError
from qwlsp.syntax import languages
from qwlsp.syntax.blocks import block_at, section_at
from qwlsp.syntax.kept import KeptOutline
from qwlsp.syntax.languages import PLAIN, PYTHON, Language
from qwlsp.syntax.outline import Outline, outline
from qwlsp.syntax.scopes import Scope, block, enclosing, enclosing_by_queries, module
from qwlsp.syntax.tree import can_be_parsed, edited, parse, reparse
from qwlsp.text import Encoding, Range, Span, Text


class UnknownDocument(BadRequest):
    """The document is not open."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"{_name(uri)} is not open.")


class UnsupportedLanguage(QwlspError):
    """The document is in a language that qwlsp has no grammar for, so it has no syntax tree."""

    def __init__(self, uri: str, language: str) -> None:
        super().__init__(f"qwlsp has no grammar for {language}, which {_name(uri)} is.")


REUSE_FROM = 64 << 10
"""Bytes. A smaller text is parsed afresh in a few milliseconds, which is exact; a reparse is not
in two rare constructs (see `syntax.tree`), and for that it must save something."""


@dataclass(frozen=True)
class Change:
    """A replacement of `range`, or of the whole text if that is None."""

    range: Range | None
    text: str


@dataclass(frozen=True)
class Snapshot:
    """A document at one version; `language` is the protocol's language identifier."""

    uri: str
    version: int | None
    language: str
    text: Text
    stale: Tree | None = field(default=None, repr=False, compare=False)
    """The last tree without errors, with all edits since recorded on it; for `tree` to reuse."""
    kept: KeptOutline | None = field(default=None, repr=False, compare=False)
    """The last outline of a text without errors, if only one function was typed in since."""

    @cached_property
    def read_as(self) -> Language:
        """Its language, or plain text where no parser can follow it."""
        known = languages.language(self.language)
        return known if not known.has_grammar or can_be_parsed(self.text.data) else PLAIN

    @cached_property
    def tree(self) -> Tree:
        """The syntax tree, parsed at first use. Raises UnsupportedLanguage."""
        known = self.read_as
        if not known.has_grammar:
            raise UnsupportedLanguage(self.uri, known.title)
        if self.stale is None or len(self.text.data) < REUSE_FROM:
            return parse(self.text.data, known)
        return reparse(self.stale, self.text.data)

    @cached_property
    def outline(self) -> Outline:
        """What the document defines and imports; nothing where there is no grammar.

        While there are errors in a function that is being typed in, it is what it was before.
        """
        known = self.read_as
        if not known.has_grammar:
            return Outline()
        if self.kept is not None and self.tree.root_node.has_error:
            return self.kept.of(self.text)
        return outline(self.tree, self.text.data, known)

    @property
    def whole(self) -> Scope:
        """The scope of all of it."""
        if self.read_as.has_grammar:
            return module(self.tree)
        return block(self.text, Span(0, len(self.text.data)))

    def scope_at(self, span: Span) -> Scope:
        """The function or class that covers `span`, else all of it; where there is no grammar, the
        block or Markdown section."""
        known = self.read_as
        if known == PYTHON:
            return enclosing(self.tree, span)
        if known.has_grammar:
            return enclosing_by_queries(self.tree, self.text.data, known, span)
        find = section_at if known.id == "markdown" else block_at
        return block(self.text, find(self.text, span))

    def changed(
        self, version: int | None, changes: Sequence[Change], encoding: Encoding
    ) -> Snapshot:
        """The document after `changes`, one after another, each range in the text before it."""
        text, stale, kept = self.text, self._reusable, self._keepable
        for change in changes:
            if change.range is None:
                text, stale, kept = Text.of(change.text), None, None
                continue
            span = text.span(change.range, encoding)
            before, text = text, text.replace(span, change.text)
            stale = edited(stale, before.data, span, text.data) if stale else None
            inserted = len(text.data) - len(before.data) + span.end - span.start
            kept = kept.after(before, span, inserted) if kept else None
        return Snapshot(self.uri, version, self.language, text, stale, kept)

    @property
    def _reusable(self) -> Tree | None:
        # Not self.tree: a change must not wait for a parse that nobody asked for.
        tree: Tree | None = vars(self).get("tree")
        return self.stale if tree is None or tree.root_node.has_error else tree

    @property
    def _keepable(self) -> KeptOutline | None:
        tree: Tree | None = vars(self).get("tree")
        found: Outline | None = vars(self).get("outline")
        if tree is None or found is None:
            return self.kept
        return KeptOutline(found) if self.kept or not tree.root_node.has_error else None


class Documents:
    """The documents that the editor has open; iterates over their latest snapshots."""

    def __init__(self) -> None:
        self._open: dict[str, Snapshot] = {}

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(list(self._open.values()))

    def open(self, uri: str, version: int | None, language: str, text: str) -> Snapshot:
        """Take over a document from the editor; `language` is the protocol's identifier."""
        return self._keep(Snapshot(uri, version, language, Text.of(text)))

    def change(
        self, uri: str, version: int | None, changes: Sequence[Change], encoding: Encoding
    ) -> Snapshot:
        """Apply `changes` in order, positions in `encoding`. Raises UnknownDocument.

        Nothing is parsed. Snapshots taken earlier stay as they are.
        """
        return self._keep(self.get(uri).changed(version, changes, encoding))

    def get(self, uri: str) -> Snapshot:
        """The latest snapshot. Raises UnknownDocument."""
        try:
            return self._open[uri]
        except KeyError:
            raise UnknownDocument(uri) from None

    def close(self, uri: str) -> None:
        """Let go of a document; one that is not open is left so."""
        self._open.pop(uri, None)

    def _keep(self, snapshot: Snapshot) -> Snapshot:
        self._open[snapshot.uri] = snapshot
        return snapshot


def _name(uri: str) -> str:
    """What a person calls the document: the last part of its address."""
    return unquote(uri.rpartition("/")[2])
