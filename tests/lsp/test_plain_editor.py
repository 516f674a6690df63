"""Editors that know nothing of qwlsp: messages, hovers, documents and questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.uris import to_fs_path

from tests.contract import check_explanation
from tests.lsp.editor import NEOVIM, VSCODE, Editor, open_editor

CLIENTS = pytest.mark.parametrize("like", [VSCODE, NEOVIM])


def _quietly(editor: Editor) -> None:
    """What only editors with our plugin are told was not said."""
    assert editor.all_heard("qwlsp/answer") == editor.all_heard("qwlsp/status") == []


def _text_at(uri: str) -> str:
    return Path(to_fs_path(uri) or "").read_text(encoding="utf-8")


@CLIENTS
async def test_a_message_says_where_to_hover(home: Path, like: str, basket: str) -> None:
    async with open_editor(home, like, plugin=False) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.explain(document, "result +=")
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert shown.type is types.MessageType.Info
        assert shown.message == "Explain `total` is done. Hover over `total` to read it."
        assert "`prices`" in (await editor.hover_text(document, "total") or "")
        _quietly(editor)


async def test_for_a_module_that_is_the_first_line(home: Path, basket: str) -> None:
    async with open_editor(home, plugin=False) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.explain(document, "LIMIT")
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert shown.message == "Explain `basket.py` is done. Hover over its first line."
        assert await editor.hover(document, types.Position(0, 0))


async def test_who_waits_for_the_answer_gets_no_message(home: Path, basket: str) -> None:
    async with open_editor(home, plugin=False) as editor:
        document = editor.open("file:///basket.py", basket)
        check_explanation(await editor.explained(document, "result +="))
        await editor.hover(document, "total")
        assert editor.all_heard(types.WINDOW_SHOW_MESSAGE) == []
        _quietly(editor)


async def test_answers_as_documents(home: Path, basket: str) -> None:
    options = {"answers": {"show": "document"}}
    async with open_editor(home, plugin=False, options=options) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.explain(document, "result +=")
        shown = await editor.hear(types.WINDOW_SHOW_DOCUMENT)
        assert shown.uri.startswith("file:///")
        assert not shown.take_focus
        assert shown.uri.endswith(".md")
        assert _text_at(shown.uri) == await editor.hover_text(document, "total")
        assert editor.all_heard(types.WINDOW_SHOW_MESSAGE) == []


async def test_an_editor_that_shows_no_documents_shows_a_message(home: Path, basket: str) -> None:
    options = {"answers": {"show": "document"}}
    bare = types.ClientCapabilities()
    async with open_editor(home, can=bare, options=options) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.explain(document, "result +=")
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert shown.message.startswith("Explain `total` is done.")


async def test_an_editor_that_can_do_next_to_nothing(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    async with open_editor(home, can=types.ClientCapabilities(), options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        assert await editor.title(document, "result +=") == "Explain `total`"
        result = await editor.explained(document, "result +=")
        assert await editor.hover_text(document, "total") == result["markdown"]
        assert {said for said, _ in editor.heard} <= {types.WINDOW_SHOW_MESSAGE}


# Answers that were cut off.


@CLIENTS
async def test_a_question_offers_to_go_on(
    home: Path, like: str, basket: str, quick: dict[str, Any]
) -> None:
    async with open_editor(home, like, plugin=False, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        editor.choices = ["Continue"]
        await editor.explain(document, "result +=")
        first = await editor.hear(types.WINDOW_SHOW_MESSAGE_REQUEST)
        assert first.message == (
            "Explain `total` is done. Hover over `total` to read it. The answer was cut off."
        )
        assert [action.title for action in first.actions] == ["Continue"]
        await editor.hear(types.WINDOW_SHOW_MESSAGE_REQUEST, lambda p: p is not first)
        assert editor.choices == []
        assert editor.all_heard(types.WINDOW_SHOW_MESSAGE) == []


async def test_nothing_goes_on_when_the_question_is_dismissed(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    async with open_editor(home, plugin=False, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.explain(document, "result +=")
        await editor.hear(types.WINDOW_SHOW_MESSAGE_REQUEST)
        before = await editor.hover_text(document, "total")
        check_explanation(await editor.explained(document, "apples.append"))
        assert await editor.hover_text(document, "total") == before
        assert len(editor.all_heard(types.WINDOW_SHOW_MESSAGE_REQUEST)) == 1


async def test_going_on_adds_to_the_answer(home: Path, basket: str, quick: dict[str, Any]) -> None:
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        job = await editor.explain(document, "result +=")
        first = (await editor.ended(job))["result"]
        assert first["truncated"]
        assert first["usage"]["output_tokens"] == quick["generation"]["maxTokens"]
        second = await editor.explained(document, "result +=", after=job["id"])
        check_explanation(second)
        assert second["symbol"] == "total"
        assert second["usage"]["prompt_tokens"] > first["usage"]["prompt_tokens"]
        assert len(second["markdown"]) > len(first["markdown"])
        assert await editor.hover_text(document, "total") == second["markdown"]


async def test_going_on_with_a_remembered_answer(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        first = await editor.explained(document, "result +=")
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        job = await editor.explain(document, "result +=")
        again = (await editor.ended(job))["result"]
        assert again["cached"] and again["truncated"]
        more = await editor.explained(document, "result +=", after=job["id"])
        assert not more["cached"]
        assert len(more["markdown"]) > len(first["markdown"])


async def test_an_error_is_shown(home: Path, basket: str, lengthy: dict[str, Any]) -> None:
    async with open_editor(home, plugin=False, options=lengthy) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.explain(document, "result +=", token="mine")
        await editor.hear(types.PROGRESS, lambda p: "writing" in p.value.get("message", ""))
        editor.worker.kill()
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert shown.type is types.MessageType.Error
        assert shown.message.startswith("The model's process was ended by SIGKILL.")
