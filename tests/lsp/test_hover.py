from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.lsp.editor import Document, Editor, open_editor

shared = pytest.mark.asyncio(loop_scope="session")

DECORATED = """\
@cached
@logged(
    level=3,
)
def total(
    prices,
):
    return sum(prices) + NUMBER
"""


@shared
async def test_nothing_is_shown_before_anything_was_explained(
    editor: Editor, document: Document
) -> None:
    assert await editor.hover(document, "total") is None


@shared
@pytest.mark.parametrize("at", ["def total", "total(", "prices)", "):\n    result"])
async def test_the_explanation_is_on_the_header(
    editor: Editor, document: Document, at: str
) -> None:
    result = await editor.explained(document, "result +=")
    assert await editor.hover_text(document, at) == result["markdown"]


@shared
@pytest.mark.parametrize("at", ["result =", "price in", "result +=", "return result"])
async def test_it_is_not_in_the_body(editor: Editor, document: Document, at: str) -> None:
    await editor.explained(document, "result +=")
    assert await editor.hover(document, at) is None


@shared
@pytest.mark.parametrize("at", ["class Basket", "def add", "LIMIT"])
async def test_it_is_not_on_other_headers(editor: Editor, document: Document, at: str) -> None:
    await editor.explained(document, "result +=")
    assert await editor.hover(document, at) is None


@shared
async def test_the_hover_covers_the_header(editor: Editor, document: Document) -> None:
    await editor.explained(document, "apples.append")
    hover = await editor.hover(document, "add(")
    assert hover is not None
    line = document.position("def add").line
    end = 4 + len("def add(self, apple):")
    assert hover.range == types.Range(types.Position(line, 4), types.Position(line, end))


@shared
async def test_decorators_and_all_lines_of_a_header_belong_to_it(
    editor: Editor, basket: str
) -> None:
    number = "".join(filter(str.isdigit, basket.partition("len(self.apples)")[2]))
    document = editor.open("file:///decorated.py", DECORATED.replace("NUMBER", number))
    result = await editor.explained(document, "return")
    for line in range(7):
        shown = await editor.hover_text(document, types.Position(line, 1))
        assert shown == result["markdown"]
    assert await editor.hover(document, "return") is None


@shared
async def test_a_modules_explanation_is_on_the_first_line(
    editor: Editor, document: Document
) -> None:
    result = await editor.explained(document, "LIMIT")
    assert await editor.hover_text(document, types.Position(0, 5)) == result["markdown"]
    assert await editor.hover(document, types.Position(1, 0)) is None


@shared
async def test_it_moves_with_the_code(editor: Editor, document: Document) -> None:
    result = await editor.explained(document, "result +=")
    before = document.position("def total").line
    editor.edit(document, "LIMIT = 3", "LIMIT = 3\nMORE = 4\nMOST = 5")
    assert document.position("def total").line == before + 2
    assert await editor.hover_text(document, "total") == result["markdown"]
    assert await editor.hover(document, types.Position(before, 5)) is None


@shared
async def test_it_is_gone_when_its_code_changes_and_back_when_that_is_undone(
    editor: Editor, document: Document
) -> None:
    result = await editor.explained(document, "result +=")
    editor.edit(document, "result +=", "result -=")
    assert await editor.hover(document, "total") is None
    editor.edit(document, "result -=", "result +=")
    assert await editor.hover_text(document, "total") == result["markdown"]


@shared
async def test_it_is_gone_when_the_name_changes(editor: Editor, document: Document) -> None:
    await editor.explained(document, "result +=")
    editor.edit(document, "def total", "def totals")
    assert await editor.hover(document, "totals") is None


@shared
async def test_the_latest_explanation_is_shown(editor: Editor, document: Document) -> None:
    await editor.explained(document, "result +=", detail="brief")
    latest = await editor.explained(document, "result +=", detail="full")
    assert await editor.hover_text(document, "total") == latest["markdown"]


@shared
async def test_a_remembered_answer_that_is_asked_for_again_is_the_latest(
    editor: Editor, document: Document
) -> None:
    brief = await editor.explained(document, "result +=", detail="brief")
    await editor.explained(document, "result +=", detail="full")
    again = await editor.explained(document, "result +=", detail="brief")
    assert again["markdown"] == brief["markdown"]
    assert await editor.hover_text(document, "total") == brief["markdown"]


@shared
async def test_a_closed_buffer_shows_nothing(editor: Editor, document: Document) -> None:
    await editor.explained(document, "result +=")
    identifier = types.TextDocumentIdentifier(document.uri)
    editor.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
    assert await editor.hover(document, "total") is None


@shared
async def test_the_answer_about_a_passage_is_on_its_first_line(editor: Editor) -> None:
    notes = editor.open("file:///notes.txt", "one\ntwo\n\nthree\nfour\n", "plaintext")
    result = await editor.explained(notes, "four")
    assert await editor.hover_text(notes, "three") == result["markdown"]
    assert await editor.hover(notes, "four") is None
    assert await editor.hover(notes, "two") is None


async def test_it_is_back_when_the_editor_is_started_again(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        result = await editor.explained(document, "result +=")
    async with open_editor(home) as editor:
        document = editor.open("file:///elsewhere.py", basket)
        assert await editor.hover_text(document, "total") == result["markdown"]
