"""An editor window that makes the edits it is sent, and code to make async in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lsprotocol import types

from qwlsp.edits import Edit, apply
from qwlsp.text import Encoding, Position, Range, Text
from tests.lsp.editor import VSCODE, Document, Editor, open_editor

KIND = "refactor.rewrite.qwlsp.makeAsync"
COMMAND = "qwlsp.makeAsync"

NAP = """\
import time


def nap(seconds):
    time.sleep(seconds)
    return "awake"
"""
NAP_ASYNC = """\
import asyncio


async def nap(seconds):
    await asyncio.sleep(seconds)
    return "awake"
"""
UNKNOWN = """\
import time


def nap(bed):
    time.sleep(1)
    return bed.unmake()
"""
"""`bed.unmake()` is put to the model, so the plan waits for it."""


@dataclass
class Window:
    """An editor that makes the edits it is sent, unless they are for another version."""

    editor: Editor
    encoding: Encoding = Encoding.UTF16
    documents: dict[str, Document] = field(default_factory=dict)
    sent: list[types.ApplyWorkspaceEditParams] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)
    """Versions that the server surely knows: it has replied to something since."""
    reply: types.ApplyWorkspaceEditResult | None = None
    """What it says instead of making edits."""

    def open(self, path: Path | str, text: str, language: str = "python") -> Document:
        uri = path.as_uri() if isinstance(path, Path) else path
        self.documents[uri] = self.editor.open(uri, text, language)
        return self.documents[uri]

    def apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        self.sent.append(params)
        if self.reply is not None:
            return self.reply
        changes = self.changes
        for change in changes:
            uri = change.text_document.uri
            document = self.documents.get(uri)
            assert uri not in self.known or (change.text_document.version or 0) >= self.known[uri]
            version = document.version if document else None
            if change.text_document.version != version:
                return types.ApplyWorkspaceEditResult(False, "it is another version")
        for change in changes:
            self._change(change)
        return types.ApplyWorkspaceEditResult(True)

    @property
    def changes(self) -> list[types.TextDocumentEdit]:
        """What the last edit changes, file by file."""
        found = []
        for change in self.sent[-1].edit.document_changes or ():
            assert isinstance(change, types.TextDocumentEdit)
            found.append(change)
        return found

    def _change(self, change: types.TextDocumentEdit) -> None:
        uri = change.text_document.uri
        document = self.documents.get(uri)
        if document is None:
            path = Path(unquote(uri.removeprefix("file://")))
            path.write_bytes(self._edited(path.read_bytes().decode(), change).encode())
            return
        document.text = self._edited(document.text, change)
        document.version += 1
        identifier = types.VersionedTextDocumentIdentifier(document.version, uri)
        event = types.TextDocumentContentChangeWholeDocument(document.text)
        self.editor.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [event]))

    def _edited(self, before: str, change: types.TextDocumentEdit) -> str:
        text, edits = Text.of(before), []
        for each in change.edits:
            assert isinstance(each, (types.TextEdit, types.AnnotatedTextEdit))
            ends = (each.range.start, each.range.end)
            start, end = (Position(p.line, p.character) for p in ends)
            edits.append(Edit(text.span(Range(start, end), self.encoding), each.new_text))
        return str(apply(text, edits))

    async def run(self, document: Document, at: str = "def nap", **more: Any) -> Any:
        """The reply to the command."""
        range_ = document.cursor(at)
        argument = {"uri": document.uri, "version": document.version, "range": range_, **more}
        return await self.editor.command(COMMAND, argument)

    async def made(self, document: Document, at: str = "def nap", **more: Any) -> dict[str, Any]:
        """The finished rewrite."""
        result: dict[str, Any] = await self.run(document, at, wait=True, **more)
        return result

    async def heard(self) -> None:
        """Wait until the server has dealt with all that it was told."""
        told = {uri: document.version for uri, document in self.documents.items()}
        await self.editor.command("qwlsp.cancel", {"id": "none"})
        self.known.update(told)


@asynccontextmanager
async def open_window(home: Path, like: str = VSCODE, **more: Any) -> AsyncIterator[Window]:
    async with open_editor(home, like, **more) as editor:
        window = Window(editor)

        @editor.feature(types.WORKSPACE_APPLY_EDIT)
        def apply_edit(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            return window.apply(params)

        yield window
