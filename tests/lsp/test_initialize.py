from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

import qwlsp
from tests.lsp.editor import NEOVIM, Editor, open_editor

shared = pytest.mark.asyncio(loop_scope="session")

EMOJI = 'def smile(face="🙂🙂"):\n    return face\n'
WIDTHS = {"utf-8": 27, "utf-16": 23, "utf-32": 21}
"""Of the header `def smile(face="🙂🙂"):`."""


@shared
async def test_the_server_says_who_it_is(editor: Editor) -> None:
    assert editor.initialized_as.server_info == types.ServerInfo("qwlsp", qwlsp.__version__)


@shared
async def test_what_the_server_can_do(editor: Editor) -> None:
    can = editor.initialized_as.capabilities
    assert can.hover_provider
    assert can.execute_command_provider is not None
    assert {"qwlsp.explain", "qwlsp.cancel"} <= set(can.execute_command_provider.commands)
    assert isinstance(can.text_document_sync, types.TextDocumentSyncOptions)
    assert can.text_document_sync.open_close
    assert can.text_document_sync.change is types.TextDocumentSyncKind.Incremental


@shared
async def test_the_kinds_of_code_actions_are_our_own(editor: Editor) -> None:
    provider = editor.initialized_as.capabilities.code_action_provider
    assert isinstance(provider, types.CodeActionOptions)
    assert provider.code_action_kinds == (
        "qwlsp.explain",
        "qwlsp.findBug",
        "refactor.rewrite.qwlsp.makeAsync",
        "quickfix",
    )


@shared
async def test_each_editor_counts_as_it_likes_best(editor: Editor) -> None:
    recorded = editor.capabilities and editor.capabilities.general
    preferred = recorded.position_encodings if recorded else None
    chosen = editor.initialized_as.capabilities.position_encoding
    assert chosen == (preferred[0] if preferred else "utf-16")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["utf-8"], "utf-8"),
        (["utf-16"], "utf-16"),
        (["utf-32", "utf-8"], "utf-32"),
        (["utf-7", "utf-32"], "utf-32"),
        (["utf-7"], "utf-16"),
        ([], "utf-16"),
    ],
)
async def test_how_positions_count_is_agreed_on(
    home: Path, offered: list[str], chosen: str
) -> None:
    async with open_editor(home, NEOVIM, encodings=offered) as editor:
        assert editor.initialized_as.capabilities.position_encoding == chosen
        await _check_positions(editor, WIDTHS[chosen])


async def _check_positions(editor: Editor, width: int) -> None:
    """Positions behind emoji: in the server's messages, in requests, and in edits."""
    document = editor.open("file:///smile.py", EMOJI)
    job = await editor.explain(document, "def")
    assert (await editor.ended(job))["range"]["end"] == {"line": 1, "character": 15}

    hover = await editor.hover(document, types.Position(0, width))
    assert hover is not None and hover.range is not None
    assert hover.range.end == types.Position(0, width)

    # A text that became the same by an edit behind the emoji has the same explanation.
    other = editor.open("file:///other.py", EMOJI.replace("):", ", wrong):"))
    assert await editor.hover(other, types.Position(0, 0)) is None
    wrong = types.Range(types.Position(0, width - 2), types.Position(0, width + 5))
    editor.change(other, wrong, "")
    assert await editor.hover(other, types.Position(0, 0)) == hover
