"""Find bug in an editor: diagnostics while the text changes, dismissed ones, those on saving."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.lsp.editor import Document, Editor, open_editor, paused
from tests.lsp.finding import (
    CODE,
    CODES,
    PRICE,
    RIPE,
    SESSION,
    look,
    next_job,
    origins,
    published,
    quick_fixes,
    save,
    shown,
)

# While the text changes.


@SESSION
async def test_diagnostics_move_with_the_text(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    plain.edit(apples, '"""Apples', 'import os\n\n"""Apples')
    assert await shown(plain, apples) == {
        "B006": "[]",
        "F632": 'apple.colour is "red"',
        "F821": "prise",
    }
    assert published(plain, apples)[-1].version == 2


@SESSION
async def test_a_finding_vanishes_when_its_line_changes(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    plain.edit(apples, 'is "red"', 'is not "red"')
    assert list(await shown(plain, apples)) == ["B006", "F821"]


@SESSION
async def test_two_changes_in_one_message(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    [top, line] = types.Position(0, 0), apples.position("def is_ripe")
    changes: Sequence[types.TextDocumentContentChangeEvent] = [
        types.TextDocumentContentChangePartial(types.Range(top, top), "# One.\n"),
        types.TextDocumentContentChangePartial(
            types.Range(types.Position(line.line + 1, 0), types.Position(line.line + 1, 0)),
            "# Two.\n\n",
        ),
    ]
    apples.version += 1
    identifier = types.VersionedTextDocumentIdentifier(apples.version, apples.uri)
    plain.text_document_did_change(types.DidChangeTextDocumentParams(identifier, changes))
    apples.text = "# One.\n" + apples.text.replace("def is_ripe", "# Two.\n\ndef is_ripe")
    assert list((await shown(plain, apples)).values()) == ["[]", 'apple.colour is "red"', "prise"]


@SESSION
async def test_the_whole_text_is_sent_again(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    apples.text = apples.text.replace("import", "").replace("def is_ripe", "# Two.\n\ndef is_ripe")
    apples.version += 1
    identifier = types.VersionedTextDocumentIdentifier(apples.version, apples.uri)
    change = types.TextDocumentContentChangeWholeDocument(apples.text)
    plain.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
    assert list((await shown(plain, apples)).values()) == ["[]", 'apple.colour is "red"', "prise"]


@SESSION
async def test_closing_the_file_clears(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    identifier = types.TextDocumentIdentifier(apples.uri)
    plain.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
    plain.open(apples.uri, apples.text)
    assert await shown(plain, apples) == {}
    assert await quick_fixes(plain, apples, RIPE) == []


@SESSION
async def test_one_function_is_looked_at_and_the_others_keep_their_findings(
    plain: Editor, apples: Document
) -> None:
    await look(plain, apples)
    plain.edit(apples, 'is "red"', '== "red"')
    result = await look(plain, apples, "apple.colour")
    assert (result["symbol"], result["findings"]) == ("is_ripe", [])
    assert list(await shown(plain, apples)) == ["B006", "F821"]


@SESSION
async def test_what_was_mended_elsewhere_is_gone_when_asked_again(
    plain: Editor, apples: Document
) -> None:
    await look(plain, apples)
    plain.edit(apples, '"""Apples', 'prise = 3\n"""Apples')
    assert "F821" in await shown(plain, apples)
    await look(plain, apples, PRICE + " *")
    assert list(await shown(plain, apples)) == ["B006", "F632"]


async def test_typing_above_while_it_looks(home: Path, with_model: dict[str, Any]) -> None:
    async with open_editor(home, options=with_model) as editor:
        document = editor.open("file:///apples.py", CODE)
        await editor.explained(document, RIPE)  # the worker is there
        with paused(editor.worker):
            job = await editor.command("qwlsp.findBug", {"uri": document.uri})
            editor.edit(document, '"""Apples', 'import os\n\n\nos.sep\n"""Apples')
            await editor.hover(document, PRICE)
        await editor.ended(job)
        assert list((await shown(editor, document)).values()) == [
            "[]",
            'apple.colour is "red"',
            "prise",
        ]


async def test_its_line_changes_while_it_looks(home: Path, with_model: dict[str, Any]) -> None:
    async with open_editor(home, options=with_model) as editor:
        document = editor.open("file:///apples.py", CODE)
        await editor.explained(document, RIPE)
        with paused(editor.worker):
            job = await editor.command("qwlsp.findBug", {"uri": document.uri})
            editor.edit(document, 'is "red"', '== "red"')
            await editor.hover(document, PRICE)
        await editor.ended(job)
        assert list(await shown(editor, document)) == ["B006", "F821"]


async def test_typing_above_while_it_looks_keeps_what_others_have(
    home: Path, with_model: dict[str, Any]
) -> None:
    async with open_editor(home, options=with_model) as editor:
        document = editor.open("file:///apples.py", CODE)
        await look(editor, document)
        with paused(editor.worker):
            argument = {"uri": document.uri, "range": document.cursor(PRICE + " *")}
            job = await editor.command("qwlsp.findBug", argument)
            # Now another function is where the one that is looked at was.
            editor.edit(document, '"""Apples', "# …\n" * 4 + '"""Apples')
            await editor.hover(document, PRICE)
        await editor.ended(job)
        assert list((await shown(editor, document)).values()) == [
            "[]",
            'apple.colour is "red"',
            "prise",
        ]


async def test_the_file_is_closed_while_it_looks(home: Path, with_model: dict[str, Any]) -> None:
    async with open_editor(home, options=with_model) as editor:
        document = editor.open("file:///apples.py", CODE)
        await editor.explained(document, RIPE)
        with paused(editor.worker):
            job = await editor.command("qwlsp.findBug", {"uri": document.uri})
            identifier = types.TextDocumentIdentifier(document.uri)
            editor.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
            await editor.hover(document, PRICE)
        await editor.ended(job)
        assert published(editor, document) == []


# Dismissing.


async def dismiss(editor: Editor, document: Document, at: str) -> None:
    *_, action = await quick_fixes(editor, document, at)
    assert action.command is not None and action.command.arguments is not None
    await editor.command(action.command.command, *action.command.arguments)


async def test_what_is_dismissed_stays_away_until_its_line_changes(home: Path) -> None:
    async with open_editor(home) as editor:
        document = editor.open("file:///apples.py", CODE)
        await look(editor, document)
        await dismiss(editor, document, PRICE)
        assert list(await shown(editor, document)) == ["B006", "F632"]
        assert origins(await look(editor, document)) == ["B006", "F632"]
    async with open_editor(home) as editor:
        document = editor.open("file:///apples.py", CODE)
        editor.edit(document, '"""Apples', 'import os\n\n\n"""Apples')
        assert origins(await look(editor, document)) == ["B006", "F632"]
        editor.edit(document, "prise * apple", "prise + apple")
        assert origins(await look(editor, document)) == CODES
        assert list(await shown(editor, document)) == CODES


@SESSION
@pytest.mark.parametrize(
    "wrong", [{"origin": "ruff:F821"}, {"range": None}, {"uri": "file:///elsewhere.py"}, {}]
)
async def test_only_what_was_found_can_be_dismissed(
    plain: Editor, apples: Document, wrong: dict[str, Any]
) -> None:
    await look(plain, apples)
    ripe = published(plain, apples)[-1].diagnostics[1]
    argument = {"uri": apples.uri, "range": ripe.range, **wrong}
    with pytest.raises(JsonRpcException):
        await plain.command("qwlsp.dismiss", argument)
    assert list(await shown(plain, apples)) == CODES


# On saving.


async def test_nothing_is_looked_for_unasked(home: Path) -> None:
    async with open_editor(home) as editor:
        document = editor.open("file:///apples.py", CODE)
        editor.edit(document, 'is "red"', 'is "blue"')
        save(editor, document.uri)
        assert await next_job(editor, document) == 1
        assert published(editor, document) == []


async def test_saving_looks_at_the_changed_function_alone(home: Path) -> None:
    async with open_editor(home, options={"bugs": {"onSave": "on"}}) as editor:
        document = editor.open("file:///apples.py", CODE)
        save(editor, document.uri)
        assert await next_job(editor, document) == 1
        editor.edit(document, 'is "red"', 'is "blue"')
        save(editor, document.uri)
        assert await next_job(editor, document) == 3
        last = await editor.ended({"id": "2"})
        assert last["result"]["symbol"] == "is_ripe"
        assert await shown(editor, document) == {"F632": 'apple.colour is "blue"'}
        save(editor, document.uri)
        assert await next_job(editor, document) == 4


async def test_a_new_method_is_looked_at_and_moved_ones_are_not(home: Path) -> None:
    async with open_editor(home, options={"bugs": {"onSave": "on"}}) as editor:
        document = editor.open("file:///apples.py", CODE)
        added = "class Pie:\n    def eat(self):\n        return piece\n\n\ndef add"
        editor.edit(document, "def add", added)
        save(editor, document.uri)
        assert await next_job(editor, document) == 2
        await editor.ended({"id": "1"})
        assert await shown(editor, document) == {"F821": "piece"}


async def test_saving_what_is_not_open(home: Path) -> None:
    async with open_editor(home, options={"bugs": {"onSave": "on"}}) as editor:
        save(editor, "file:///never_opened.py")
        document = editor.open("file:///apples.py", CODE)
        assert await next_job(editor, document) == 1
        assert editor.all_heard(types.WINDOW_SHOW_MESSAGE) == []
