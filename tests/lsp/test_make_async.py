"""Make async: what the menu offers, and edits that fit the text that the editor has, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from qwlsp.text import Encoding
from tests.contract import KEYS
from tests.lsp.editor import NEOVIM
from tests.lsp.windows import COMMAND, KIND, NAP, NAP_ASYNC, Window, open_window

# What is offered.


async def _offered(window: Window, text: str, at: str, **more: Any) -> list[types.CodeAction]:
    document = window.open("file:///house/naps.py", text, more.pop("language", "python"))
    found = await window.editor.actions(document, document.cursor(at), **more)
    return [action for action in found if action.kind == KIND]


async def test_the_actions_of_a_function(window: Window) -> None:
    actions = await _offered(window, NAP, "sleep")
    titles = [action.title for action in actions]
    assert titles == ["Make `nap` async", "Make `nap` async, with its callers"]
    for action in actions:
        assert action.is_preferred is None
        assert action.edit is None
        assert action.command is not None and action.command.command == COMMAND


@pytest.mark.parametrize("only", ["refactor", "refactor.rewrite", KIND, ""])
async def test_it_is_there_when_its_kind_is_asked_for(window: Window, only: str) -> None:
    assert len(await _offered(window, NAP, "sleep", only=[only])) == 2


@pytest.mark.parametrize("only", ["refactor.extract", "refactor.rewrite.qwlsp", "source", KIND])
async def test_only_what_was_asked_for_is_there(window: Window, only: str) -> None:
    document = window.open("file:///house/naps.py", NAP)
    found = await window.editor.actions(document, document.cursor("sleep"), only=[only])
    assert {action.kind for action in found} <= {KIND}
    assert bool(found) == KIND.startswith(only)


async def test_a_class_can_be_made_async(window: Window) -> None:
    text = (
        "import time\n\n\nclass Bed:\n    size = 1\n\n    def nap(self):\n        time.sleep(1)\n"
    )
    actions = await _offered(window, text, "size")
    assert actions[0].title == "Make `Bed` async"


@pytest.mark.parametrize(
    ("text", "at", "language"),
    [
        (NAP_ASYNC, "asyncio.sleep", "python"),
        ("async  def nap():\n    pass\n", "pass", "python"),
        ("X = 1\n", "X", "python"),
        ("function nap() {\n  wait(1)\n}\n", "wait", "javascript"),
        ("function nap() {\n  wait(1)\n}\n", "wait", "typescript"),
        ("# Naps\n\nOne.\n", "One", "markdown"),
    ],
)
async def test_what_has_no_such_action(window: Window, text: str, at: str, language: str) -> None:
    assert await _offered(window, text, at, language=language) == []


# The edit.


async def test_the_actions_command_edits_the_buffer(window: Window) -> None:
    document = window.open("file:///house/naps.py", NAP)
    window.editor.edit(document, "awake", "AWAKE")
    actions = await window.editor.actions(document, document.cursor("sleep"), [KIND])
    command = actions[0].command
    assert command is not None and command.arguments is not None
    job = await window.editor.command(command.command, *command.arguments)
    ended = await window.editor.ended(job)
    [change] = window.changes
    assert (change.text_document.uri, change.text_document.version) == (document.uri, 2)
    assert document.text == NAP_ASYNC.replace("awake", "AWAKE")
    assert window.sent[0].label == "Make `nap` async"
    assert ended["result"]["action"] == "make-async"


async def test_the_whole_change_is_one_edit(window: Window) -> None:
    await window.made(window.open("file:///house/naps.py", NAP))
    assert len(window.sent) == 1


async def test_after_the_edit_it_is_async_already(window: Window) -> None:
    document = window.open("file:///house/naps.py", NAP)
    await window.made(document)
    with pytest.raises(JsonRpcException, match="`nap` is already async"):
        await window.made(document)
    assert len(window.sent) == 1


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "file:///a%20house/na%C3%AFve.py", "file:///house/naps.pyi"]
)
async def test_the_buffer_is_called_what_the_editor_calls_it(window: Window, uri: str) -> None:
    document = window.open(uri, NAP)
    await window.made(document)
    assert document.text == NAP_ASYNC


async def test_a_buffer_with_crlf(window: Window) -> None:
    document = window.open("file:///house/naps.py", NAP.replace("\n", "\r\n"))
    await window.made(document)
    assert document.text == NAP_ASYNC.replace("\n", "\r\n")


@pytest.mark.parametrize("encoding", list(Encoding))
async def test_characters_are_counted_as_agreed(home: Path, encoding: Encoding) -> None:
    async with open_window(home, encodings=[encoding.value]) as window:
        window.encoding = encoding
        text = NAP.replace("    time", "    '\N{PILE OF POO}é'; time")
        document = window.open("file:///house/naps.py", text)
        await window.made(document)
        assert document.text == NAP_ASYNC.replace("    await", "    '\N{PILE OF POO}é'; await")


async def test_another_client_gets_plain_edits(home: Path) -> None:
    async with open_window(home, NEOVIM) as window:
        document = window.open("file:///house/naps.py", NAP)
        await window.made(document)
        assert document.text == NAP_ASYNC
        assert window.sent[0].edit.change_annotations is None
        [change] = window.changes
        assert not any(isinstance(each, types.AnnotatedTextEdit) for each in change.edits)


async def test_the_reply_is_the_json_object(window: Window) -> None:
    document = window.open("file:///house/naps.py", NAP)
    result = await window.made(document)
    assert set(result) >= {*KEYS, "edits", "diff", "decisions", "checks"}
    assert (result["action"], result["source"], result["symbol"]) == ("make-async", "rules", "nap")
    assert result["file"] == "/house/naps.py"
    assert all(set(edit) == {"file", "range", "new_text"} for edit in result["edits"])
    assert all(check["passed"] for check in result["checks"])
    assert {"name", "passed", "detail"} == set(result["checks"][0])
    [decision] = result["decisions"]
    assert (decision["call"], decision["choice"], decision["by"]) == (
        "time.sleep(seconds)", "await", "rule",
    )  # fmt: skip
    assert decision["range"]["start"] == {"line": 4, "character": 4}
    assert "+async def nap(seconds):\n" in result["diff"]


async def test_a_preview_edits_nothing(window: Window) -> None:
    document = window.open("file:///house/naps.py", NAP)
    result = await window.made(document, preview=True)
    await window.heard()
    assert window.sent == []
    assert document.text == NAP
    assert result["edits"]


# Confirmation.


def _annotations(window: Window) -> list[types.ChangeAnnotation]:
    """Those of the one edit that was sent, whose pieces all have one."""
    [params] = window.sent
    annotations = params.edit.change_annotations or {}
    for change in window.changes:
        for each in change.edits:
            assert isinstance(each, types.AnnotatedTextEdit)
            assert each.annotation_id in annotations
    return list(annotations.values())


@pytest.mark.parametrize(
    ("confirm", "other", "asks"),
    [
        ("auto", False, False),
        ("auto", True, True),
        ("always", False, True),
        ("always", True, True),
        ("never", False, False),
        ("never", True, False),
    ],
)
async def test_edits_are_confirmed_as_set(
    home: Path, project: Path, confirm: str, other: bool, asks: bool
) -> None:
    if not other:
        (project / "night.py").unlink()
    options = {"edits": {"confirm": confirm}}
    async with open_window(home, options=options, folders=[project]) as window:
        await window.made(window.open(project / "naps.py", NAP))
        [annotation] = _annotations(window)
        assert annotation.label == "Make `nap` async"
        assert annotation.needs_confirmation is asks
        assert len(window.changes) == (2 if other else 1)


async def test_callers_that_are_left_behind_are_confirmed(window: Window) -> None:
    text = NAP + "\n\ndef night():\n    return nap(8)\n"
    result = await window.made(window.open("file:///house/naps.py", text))
    [annotation] = _annotations(window)
    assert annotation.needs_confirmation
    assert "naps.py:10: `night`" in (annotation.description or "")
    assert [caller["name"] for caller in result["callers"]] == ["night"]


# Other files.


async def test_a_closed_file_that_awaits_it_is_edited(home: Path, project: Path) -> None:
    async with open_window(home, folders=[project]) as window:
        await window.made(window.open(project / "naps.py", NAP))
        versions = {c.text_document.uri: c.text_document.version for c in window.changes}
        assert versions == {
            (project / "naps.py").as_uri(): 1,
            (project / "night.py").as_uri(): None,
        }
        assert "return await nap(8)" in (project / "night.py").read_text()


async def test_an_open_file_that_awaits_it_is_edited(home: Path, project: Path) -> None:
    async with open_window(home, folders=[project]) as window:
        night = window.open(project / "night.py", (project / "night.py").read_text())
        window.editor.edit(night, "nap(8)", "nap(9)")
        await window.made(window.open(project / "naps.py", NAP))
        versions = {c.text_document.uri: c.text_document.version for c in window.changes}
        assert versions[night.uri] == 2
        assert "return await nap(9)" in night.text
        assert "nap(8)" in (project / "night.py").read_text()


async def test_with_its_callers(home: Path, project: Path) -> None:
    (project / "day.py").write_text("import naps\n\n\ndef day():\n    return naps.nap(1)\n")
    async with open_window(home, folders=[project]) as window:
        await window.made(window.open(project / "naps.py", NAP), withCallers=True)
        day = (project / "day.py").read_text()
        assert day == "import naps\n\n\nasync def day():\n    return await naps.nap(1)\n"


# Nothing is edited.


async def test_an_editor_that_does_not_make_the_edit(window: Window) -> None:
    window.reply = types.ApplyWorkspaceEditResult(False, "the person said no")
    document = window.open("file:///house/naps.py", NAP)
    with pytest.raises(JsonRpcException, match="did not make the edit: the person said no"):
        await window.made(document)


async def test_an_editor_that_gives_no_reason(window: Window) -> None:
    window.reply = types.ApplyWorkspaceEditResult(False)
    job = await window.run(window.open("file:///house/naps.py", NAP))
    ended = await window.editor.ended(job)
    assert ended["error"] == "The editor did not make the edit."
    shown = await window.editor.hear(types.WINDOW_SHOW_MESSAGE)
    assert (shown.type, shown.message) == (types.MessageType.Error, ended["error"])


@pytest.mark.parametrize("plugin", [True, False])
async def test_a_refusal_is_one_message(home: Path, plugin: bool) -> None:
    async with open_window(home, plugin=plugin) as window:
        await window.run(window.open("file:///house/naps.py", NAP_ASYNC))
        shown = await window.editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert (shown.type, shown.message) == (
            types.MessageType.Error, "`nap` is already async.",
        )  # fmt: skip
        await window.heard()
        assert len(window.editor.all_heard(types.WINDOW_SHOW_MESSAGE)) == 1
        assert window.sent == []


async def test_another_language_is_refused(window: Window) -> None:
    document = window.open("file:///nap.js", "function nap() {\n  wait(1)\n}\n", "javascript")
    with pytest.raises(JsonRpcException, match=r"Only Python .* nap\.js is something else"):
        await window.made(document, "wait")


async def test_a_version_that_is_gone_is_refused(window: Window) -> None:
    document = window.open("file:///house/naps.py", NAP)
    window.editor.edit(document, "awake", "AWAKE")
    with pytest.raises(JsonRpcException, match="version 1 was asked about, version 2 is open"):
        await window.made(document, version=1)
    assert window.sent == []


async def test_a_plain_editor_hears_of_callers(home: Path) -> None:
    async with open_window(home, plugin=False) as window:
        text = NAP + "\n\ndef night():\n    return nap(8)\n"
        document = window.open("file:///house/naps.py", text)
        await window.run(document)
        shown = await window.editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert shown.type is types.MessageType.Warning
        assert shown.message == (
            "Make `nap` async: done.\n"
            "naps.py:10: `night` calls `nap` without being able to await it."
        )
        assert "await asyncio.sleep" in document.text
