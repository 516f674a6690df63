"""Make async: what the menu offers, and edits that fit the text that the editor has, or none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from qwlsp.edits import Edit, apply
from qwlsp.text import Encoding, Position, Range, Text
from tests.contract import KEYS
from tests.lsp.editor import NEOVIM, VSCODE, Document, Editor, open_editor, paused

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


@pytest.fixture
async def window(home: Path) -> AsyncIterator[Window]:
    """A window without a folder and without a model."""
    async with open_window(home) as found:
        yield found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a function, one that awaits another, and one that can't await."""
    root = tmp_path / "a house"
    root.mkdir()
    (root / "naps.py").write_text(NAP)
    (root / "night.py").write_text(
        "from naps import nap\n\n\nasync def night():\n    return nap(8)\n"
    )
    return root


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


# Typing while the plan is made: the model, which is asked about one call, stands still.


@asynccontextmanager
async def _planning(
    home: Path, options: dict[str, Any], **more: Any
) -> AsyncIterator[tuple[Window, Document, Callable[[], Any]]]:
    """A window whose worker has begun; the last is to be called for a job that can't end yet."""
    async with open_window(home, options=options, **more) as window:
        other = window.open("file:///other.py", "def other():\n    pass\n")
        await window.editor.explained(other, "pass")  # now there is a worker
        folder = more["folders"][0] if more.get("folders") else Path("/house")
        document = window.open(folder / "naps.py", UNKNOWN)
        yield window, document, lambda: window.run(document)


async def test_an_edit_is_planned_anew_after_typing(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
            window.editor.edit(document, "sleep(1)", "sleep(2)")
            window.editor.edit(document, "import time", "import time  # slow")
            await window.heard()
        ended = await window.editor.ended(job)
        assert "error" not in ended
        [params] = window.sent
        [change] = window.changes
        assert change.text_document.version == 3
        assert "    await asyncio.sleep(2)\n" in document.text
        assert params.label == "Make `nap` async"
        compile(document.text, "naps.py", "exec")


async def test_text_above_it_may_change(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
            above = "X = 1\n\n\ndef other(bed):\n    return bed\n\n\n"
            start = types.Position(0, 0)
            document.text = above + document.text
            window.editor.change(document, types.Range(start, start), above)
            await window.heard()
        await window.editor.ended(job)
        assert "async def nap" in document.text
        assert "\ndef other" in document.text
        assert [c.text_document.version for c in window.changes] == [2]


async def test_a_function_that_is_gone_is_not_edited(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
            window.editor.edit(document, "def nap", "def sleep")
            await window.heard()
        ended = await window.editor.ended(job)
        assert ended["error"] == "The text has changed, and `nap` is not found in it any more."
        assert window.sent == []
        assert document.text == UNKNOWN.replace("def nap", "def sleep")


async def test_a_buffer_that_was_closed_is_not_edited(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
            identifier = types.TextDocumentIdentifier(document.uri)
            window.editor.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
            await window.heard()
        ended = await window.editor.ended(job)
        assert ended["error"] == "naps.py is not open."
        assert window.sent == []


async def test_another_file_may_change(home: Path, project: Path, quick: dict[str, Any]) -> None:
    night = project / "night.py"
    async with _planning(home, quick, folders=[project]) as (window, document, run):
        (project / "naps.py").write_text(UNKNOWN)
        with paused(window.editor.worker):
            job = await run()
            await window.heard()
            night.write_text("from naps import nap\n\n\nasync def night(bed):\n    nap(bed)\n")
        ended = await window.editor.ended(job)
        assert "error" not in ended
        assert night.read_text().endswith("async def night(bed):\n    await nap(bed)\n")
        assert "async def nap" in document.text


async def test_an_edit_is_never_for_an_old_version(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
        for count in range(20):
            window.editor.edit(document, f"sleep({count or 1})", f"sleep({count + 1})")
            await window.heard()
        ended = await window.editor.ended(job)
        # One that was on its way when a key was pressed is refused; the next is for the text.
        assert "error" in ended or "async def nap" in document.text
        compile(document.text, "naps.py", "exec")


async def test_a_cancelled_job_edits_nothing(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
            await window.editor.command("qwlsp.cancel", job)
            assert (await window.editor.ended(job))["cancelled"]
        await window.heard()
        assert window.sent == []
        assert document.text == UNKNOWN


async def test_asked_twice_it_is_done_once(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            first, second = await run(), await run()
        assert (await window.editor.ended(first))["cancelled"]
        assert "error" not in await window.editor.ended(second)
        assert len(window.sent) == 1
        assert document.text.count("async def") == 1


async def test_a_closed_file_in_another_encoding_is_not_broken(home: Path, project: Path) -> None:
    text = "# coding: latin-1\nfrom naps import nap\n\n\nasync def night():\n    nap('für acht')\n"
    (project / "night.py").write_bytes(text.encode("latin-1"))
    async with open_window(home, folders=[project]) as window:
        document = window.open(project / "naps.py", NAP)
        result = await window.made(document, preview=True)
        assert "\N{REPLACEMENT CHARACTER}" not in str(result["edits"])
