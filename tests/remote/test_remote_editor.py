"""A server that is not this machine, asked from an editor: only if the person says so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.contract import check_explanation
from tests.lsp.editor import Editor, open_editor
from tests.remote.asking import check_sentence
from tests.remote.servers import Server, answer, serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="0.0.0.0 leads nowhere there")

CODE = "def total(prices):\n    return sum(prices)\n"
YES, NO = "Send it", "Send nothing"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    code = tmp_path / "code"
    code.mkdir()
    (code / "shop.py").write_text(CODE)
    return code


def options(server: Server) -> dict[str, Any]:
    """An address that counts as another machine's, though it is this one's."""
    base_url = server.base_url.replace("127.0.0.1", "0.0.0.0")
    return {"backend": {"kind": "openai", "baseUrl": base_url}}


def asked(editor: Editor) -> list[str]:
    """What the person was asked."""
    return [each.message for each in editor.all_heard(types.WINDOW_SHOW_MESSAGE_REQUEST)]


async def explained(editor: Editor, folder: Path) -> dict[str, Any]:
    document = editor.open((folder / "shop.py").as_uri(), CODE)
    result = await editor.explained(document, "return", fresh=True)
    check_explanation(result)
    return result


async def test_yes_is_remembered_over_a_restart(home: Path, folder: Path) -> None:
    async with serving(answer("It adds up the prices.")) as server:
        async with open_editor(home, options=options(server), folders=[folder]) as editor:
            editor.choices.append(YES)
            result = await explained(editor, folder)
            assert result["source"] == "model"
            assert "adds up" in result["markdown"]
            assert f"0.0.0.0:{server.port}" in result["markdown"]
            await explained(editor, folder)
            [question] = asked(editor)
            check_sentence(question)
            assert f"0.0.0.0:{server.port}" in question
        async with open_editor(home, options=options(server), folders=[folder]) as editor:
            await explained(editor, folder)
            assert asked(editor) == []


async def test_nothing_is_sent_without_a_yes(home: Path, folder: Path) -> None:
    async with serving(answer("It adds up the prices.")) as server:
        async with open_editor(home, options=options(server), folders=[folder]) as editor:
            for choices in ([NO], []):
                editor.choices += choices
                with pytest.raises(JsonRpcException) as error:
                    await explained(editor, folder)
                check_sentence(error.value.message)
                assert "Nothing was sent" in error.value.message
            assert len(asked(editor)) == 2
        assert server.connections == 0


async def test_this_machine_needs_no_permission_but_a_question(home: Path, folder: Path) -> None:
    async with serving(answer("It adds up the prices.")) as server:
        local = {"backend": {"kind": "openai", "baseUrl": server.base_url}}
        async with open_editor(home, options=local, folders=[folder]) as editor:
            document = editor.open((folder / "shop.py").as_uri(), CODE)
            await editor.actions(document, document.cursor("return"))
            await editor.hover(document, "total")
            editor.edit(document, "prices", "values")
            await editor.actions(document, document.cursor("return"))
            assert server.connections == 0
            result = await editor.explained(document, "return")
            assert result["model"] == f"tiny at 127.0.0.1:{server.port}"
            assert asked(editor) == []


async def test_each_folder_is_asked_about(home: Path, folder: Path, tmp_path: Path) -> None:
    """Also one that is added later, and a file that is in none."""
    other = tmp_path / "other"
    other.mkdir()
    for each in (other, tmp_path):
        (each / "shop.py").write_text(CODE)
    async with serving(answer("It adds up the prices.")) as server:
        async with open_editor(home, options=options(server), folders=[folder]) as editor:
            editor.choices.append(YES)
            await explained(editor, folder)
            for each in (other, tmp_path):
                if each is other:
                    added = types.WorkspaceFolder(other.as_uri(), "other")
                    event = types.WorkspaceFoldersChangeEvent(added=[added], removed=[])
                    editor.workspace_did_change_workspace_folders(
                        types.DidChangeWorkspaceFoldersParams(event)
                    )
                before = server.connections
                with pytest.raises(JsonRpcException, match="Nothing was sent"):
                    await explained(editor, each)
                assert str(each) in asked(editor)[-1]
                assert server.connections == before
        assert len(asked(editor)) == 3
