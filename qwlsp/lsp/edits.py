"""Edits on their way to the editor: for the text that they were made for, or not at all."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import from_fs_path

from qwlsp.answers import Question, Rewrite, TextEdit
from qwlsp.documents import Snapshot
from qwlsp.errors import EngineError, StaleVersion
from qwlsp.lsp import convert
from qwlsp.text import Encoding, Span, Text

if TYPE_CHECKING:
    from qwlsp.lsp.session import Session

ANNOTATION = "qwlsp"


def is_current(session: Session, rewrite: Rewrite) -> bool:
    """Whether all files are still the texts that the edits were made for."""
    return all(text == now(session, path) for path, text in rewrite.texts)


def now(session: Session, path: str) -> Text | None:
    """What a file holds: its buffer, else what is on disk."""
    buffer = session.buffer(path)
    return buffer.text if buffer else session.indexing.workspace.text(path)


def again(session: Session, question: Question, symbol: str) -> Question:
    """The same question about the latest text of its buffer. Raises StaleVersion if what it was
    about is gone."""
    snapshot = session.documents.get(question.snapshot.uri)
    found = [d for d in snapshot.outline.definitions if d.qualified_name == symbol]
    before = question.span.start
    if snapshot.text == question.snapshot.text:
        return replace(question, snapshot=snapshot)
    if not found:
        raise StaleVersion(f"The text has changed, and `{symbol}` is not found in it any more.")
    nearest = min(found, key=lambda each: abs(each.span.start - before))
    at = nearest.header.end
    return replace(question, snapshot=snapshot, span=Span(at, at))


async def send(session: Session, title: str, rewrite: Rewrite) -> None:
    """Have the editor make the edits. Raises EngineError if it does not.

    Nothing waits between the look at the versions and the request, so the editor gets the edits
    with the versions that they are for, and refuses them if it has moved on.
    """
    edit = workspace_edit(session, title, rewrite)
    reply = await asyncio.shield(
        session.server.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, title))
    )
    if not reply.applied:
        reason = f": {reply.failure_reason}" if reply.failure_reason else ""
        raise EngineError(f"The editor did not make the edit{reason}.")


def workspace_edit(session: Session, title: str, rewrite: Rewrite) -> types.WorkspaceEdit:
    """The edits as the editor takes them, with versions and, if it can, to be confirmed."""
    texts = dict(rewrite.texts)
    by_file: defaultdict[str, list[TextEdit]] = defaultdict(list)
    for each in rewrite.edits:
        by_file[each.file].append(each)
    annotated = session.server.can_confirm_edits
    changes = [
        _document_edit(session, session.buffer(path), path, texts[path], found, annotated)
        for path, found in by_file.items()
    ]
    if not annotated:
        return types.WorkspaceEdit(document_changes=changes)
    details = "\n".join(rewrite.warnings) or None
    annotation = types.ChangeAnnotation(title, _to_be_confirmed(session, rewrite), details)
    return types.WorkspaceEdit(
        document_changes=changes, change_annotations={ANNOTATION: annotation}
    )


def _document_edit(
    session: Session,
    buffer: Snapshot | None,
    path: str,
    text: Text,
    edits: list[TextEdit],
    annotated: bool,
) -> types.TextDocumentEdit:
    uri = buffer.uri if buffer else from_fs_path(path) or Path(path).as_uri()
    document = types.OptionalVersionedTextDocumentIdentifier(
        uri=uri, version=buffer.version if buffer else None
    )
    found = []
    for each in edits:
        span = text.span(each.range, Encoding.UTF16)
        range_ = convert.from_range(text.range(span, session.encoding))
        found.append(
            types.AnnotatedTextEdit(ANNOTATION, range_, each.new_text)
            if annotated
            else types.TextEdit(range_, each.new_text)
        )
    return types.TextDocumentEdit(document, found)


def _to_be_confirmed(session: Session, rewrite: Rewrite) -> bool:
    confirm = session.service.settings.edits.confirm
    if confirm == "auto":
        return len(rewrite.texts) > 1 or bool(rewrite.callers)
    return confirm == "always"
