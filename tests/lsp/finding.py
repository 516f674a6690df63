"""Short ways to look for bugs in an editor, and to see what it shows of them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from lsprotocol import types

from qwlsp.text import Encoding, Position, Range, Text
from tests.lsp.editor import Document, Editor

SESSION = pytest.mark.asyncio(loop_scope="session")

CODE = '''\
"""Apples, and what is wrong with them."""


def add(apple, basket=[]):
    basket.append(apple)
    return basket


def is_ripe(apple):
    return apple.colour is "red"


def price(apple):
    return prise * apple.weight
'''
ADD, RIPE, PRICE = "basket=[]", "apple.colour is", "prise"
CODES = ["B006", "F632", "F821"]
NUMBERS = itertools.count(1)
"""For names that no other test has."""


async def look(
    editor: Editor, document: Document, at: str | None = None, **more: Any
) -> dict[str, Any]:
    """The finished report; without a place, about the whole file."""
    place = {} if at is None else {"range": document.cursor(at)}
    argument = {"uri": document.uri, "version": document.version, "wait": True, **place, **more}
    reply: dict[str, Any] = await editor.command("qwlsp.findBug", argument)
    return reply


def published(editor: Editor, document: Document) -> list[types.PublishDiagnosticsParams]:
    """All diagnostics of a buffer so far."""
    heard = editor.all_heard(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return [params for params in heard if params.uri == document.uri]


async def shown(editor: Editor, document: Document) -> dict[str, str]:
    """Each diagnostic of the buffer as it is now: its code, and the text that it underlines."""
    await editor.hover(document, types.Position(0, 0))  # by then all before it was answered
    last = published(editor, document)[-1]
    return {str(each.code): underlined(document, each.range) for each in last.diagnostics}


def underlined(document: Document, range_: types.Range) -> str:
    text = Text.of(document.text)
    return text.slice(text.span(_range(range_), Encoding.UTF16))


async def quick_fixes(editor: Editor, document: Document, at: str) -> list[types.CodeAction]:
    return await editor.actions(document, document.cursor(at), [types.CodeActionKind.QuickFix])


def apply(editor: Editor, document: Document, action: types.CodeAction) -> None:
    """Make the edits of an action, as an editor does, from the last one on."""
    assert action.edit is not None and action.edit.document_changes is not None
    [change] = action.edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document.uri == document.uri
    assert change.text_document.version == document.version
    for edit in sorted(change.edits, key=_start, reverse=True):
        assert isinstance(edit, types.TextEdit)
        text = Text.of(document.text)
        span = text.span(_range(edit.range), Encoding.UTF16)
        document.text = str(text.replace(span, edit.new_text))
        editor.change(document, edit.range, edit.new_text)


def save(editor: Editor, uri: str) -> None:
    editor.text_document_did_save(
        types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri))
    )


async def next_job(editor: Editor, document: Document) -> int:
    """The number of a job that is started now: one more than there were."""
    job = await editor.command("qwlsp.explain", {"uri": document.uri})
    await editor.ended(job)
    return int(job["id"])


def _start(edit: Any) -> tuple[int, int]:
    return edit.range.start.line, edit.range.start.character


def _range(range_: types.Range) -> Range:
    start, end = range_.start, range_.end
    return Range(Position(start.line, start.character), Position(end.line, end.character))


def lines_of(data: dict[str, Any]) -> list[int]:
    return [each["range"]["start"]["line"] for each in data["findings"]]


def origins(data: dict[str, Any]) -> list[str]:
    return [each["origin"].removeprefix("ruff:") for each in data["findings"]]
