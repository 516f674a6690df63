"""An edit is applied to the text that it was planned for, or not at all: 1,000 interleavings.

The real session talks to an editor in this process. Messages wait in two queues, one each way, and
the work that goes on in threads waits at a gate, so that a list of steps says all that happens,
and in which order. As a real one does, the editor refuses edits for another version than its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from qwlsp.actions import make_async
from qwlsp.answers import Answer
from qwlsp.checks import linter
from qwlsp.conversion import table
from qwlsp.documents import Snapshot
from qwlsp.edits import Edit, apply
from qwlsp.errors import QwlspError
from qwlsp.lsp.convert import command_argument
from qwlsp.lsp.session import Session
from qwlsp.text import Encoding, Position, Range, Span, Text
from qwlsp.workspace.view import Workspace

URI = "file:///house/naps.py"
NAPS = """\
import time

Z = ""


def nap(bed):
    "💤é"; time.sleep(1)
    return bed


async def night(bed):
    nap(bed)
"""
TYPED = [
    ("def nap(", "def nop("),
    ("sleep(1)", "sleep(12)"),
    ('Z = ""', 'Z = "é"'),
    ("\n    nap(bed)", "\n    nap(bed"),  # does not compile
]
"""What a person types, and takes back."""
STEPS = [
    *(f"type {number}" for number in range(len(TYPED))),
    *("command", "command with callers", "to server", "to editor"),
    *("work", "work", "to server", "to editor"),  # are done before much is typed, mostly
]
COMMANDS = 2
"""At most, in one interleaving."""
TURNS = 12
"""Of the event loop, after which nothing goes on any more without another step."""


@dataclass
class Editor:
    """The editor's side: a buffer, and what is on its way. It stands for pygls's server, too."""

    text: str = NAPS
    version: int = 1
    commands: int = 0
    to_server: deque[Callable[[], Any]] = field(default_factory=deque)
    to_editor: deque[Callable[[], Any]] = field(default_factory=deque)
    working: deque[asyncio.Future[None]] = field(default_factory=deque)
    said: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.session = Session(self)  # type: ignore[arg-type]
        item = types.TextDocumentItem(URI, "python", self.version, self.text)
        self.session.did_open(types.DidOpenTextDocumentParams(item))

    # What the session asks of its server.

    server_capabilities = SimpleNamespace(position_encoding="utf-16")
    knows_us, can_make_progress, can_confirm_edits = False, False, True
    protocol = SimpleNamespace(notify=lambda method, params: None)

    def window_show_message(self, params: types.ShowMessageParams) -> None:
        self.said.append(params.message)

    async def workspace_apply_edit_async(
        self, params: types.ApplyWorkspaceEditParams
    ) -> types.ApplyWorkspaceEditResult:
        # Whatever cancels the wait, the request stays on its way.
        reply = asyncio.get_running_loop().create_future()
        self.to_editor.append(lambda: self._apply(params, reply))
        found: types.ApplyWorkspaceEditResult = await reply
        return found

    async def in_thread(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """`asyncio.to_thread`, but for the time that it takes."""
        done = asyncio.get_running_loop().create_future()
        self.working.append(done)
        await done
        return work(*arguments, **named)

    # What happens.

    async def step(self, name: str) -> None:
        """Do one thing, if it can be done, and what follows from it at once."""
        what, _, which = name.partition(" ")
        queues = {"to server": self.to_server, "to editor": self.to_editor}
        if what == "type":
            self._type(*TYPED[int(which)])
        elif what == "command":
            self._command(with_callers=bool(which))
        elif what == "work" and self.working:
            done = self.working.popleft()
            if not done.done():
                done.set_result(None)
        elif queue := queues.get(name):
            queue.popleft()()
        else:
            return
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def finish(self) -> None:
        """Let all happen that is under way."""
        while self.to_server or self.to_editor or self.working:
            for name in ("to server", "to editor", "work"):
                await self.step(name)
        assert not self.session.jobs.busy
        snapshot = self.session.snapshot(URI, self.version)
        assert str(snapshot.text) == self.text
        await self.session.close()

    def _type(self, one: str, other: str) -> None:
        old, new = (other, one) if other and other in self.text else (one, other)
        if old not in self.text:
            return
        text = Text.of(self.text)
        start = len(self.text.partition(old)[0].encode())
        range_ = text.range(Span(start, start + len(old.encode())), Encoding.UTF16)
        self._become(self.text.replace(old, new, 1), range_, new)

    def _become(self, text: str, range_: Range, new: str) -> None:
        self.text, self.version = text, self.version + 1
        identifier = types.VersionedTextDocumentIdentifier(self.version, URI)
        ends = [types.Position(end.line, end.character) for end in (range_.start, range_.end)]
        event = types.TextDocumentContentChangePartial(types.Range(*ends), new)
        params = types.DidChangeTextDocumentParams(identifier, [event])
        self.to_server.append(lambda: self.session.did_change(params))

    def _command(self, *, with_callers: bool) -> None:
        if self.commands == COMMANDS:
            return
        self.commands += 1
        at = self.text.find("def n")
        line = self.text.count("\n", 0, at)
        place = {"line": line, "character": 6}
        argument = {
            "uri": URI,
            "version": self.version,
            "range": {"start": place, "end": place},
            "withCallers": with_callers,
        }

        def run() -> None:
            try:
                self.session.make_async(command_argument([argument]), token=None)
            except QwlspError as error:
                self.said.append(str(error))

        self.to_server.append(run)

    def _apply(
        self,
        params: types.ApplyWorkspaceEditParams,
        reply: asyncio.Future[types.ApplyWorkspaceEditResult],
    ) -> None:
        [change] = params.edit.document_changes or ()
        assert isinstance(change, types.TextDocumentEdit)
        is_current = change.text_document.version == self.version
        if is_current:
            self._make(change)
        self.seen["applied" if is_current else "refused"] += 1
        result = types.ApplyWorkspaceEditResult(is_current)
        # A job that was cancelled meanwhile is not there to hear it.
        self.to_server.append(lambda: reply.done() or reply.set_result(result))

    def _make(self, change: types.TextDocumentEdit) -> None:
        text, edits = Text.of(self.text), []
        for each in change.edits:
            assert isinstance(each, types.AnnotatedTextEdit)
            ends = [Position(end.line, end.character) for end in (each.range.start, each.range.end)]
            edits.append(Edit(text.span(Range(*ends), Encoding.UTF16), each.new_text))
        new = str(apply(text, edits))
        assert new in (converted(self.text, False), converted(self.text, True))
        if _compiles(self.text):
            assert _compiles(new)
        self._become(new, text.range(Span(0, len(text.data)), Encoding.UTF16), new)


@cache
def converted(text: str, with_callers: bool) -> str:
    """What a text is to become, worked out at rest."""
    snapshot = Snapshot(URI, 1, "python", Text.of(text))
    at = len(text.partition("def n")[0].encode()) + 5
    files = Workspace([], database=None, buffer=lambda path: snapshot)
    prepared = make_async.prepare(
        "/house/naps.py", snapshot, Span(at, at), files, table.load(), with_callers=with_callers
    )
    range_ = Range(Position(0, 0), Position(0, 0))
    about = Answer(action="", file="", symbol="", range=range_, source="rules", markdown="")
    before = snapshot.text
    edits = make_async.finish(prepared, about, {}).edits
    spans = [(before.span(each.range, Encoding.UTF16), each.new_text) for each in edits]
    return str(apply(before, [Edit(span, new) for span, new in spans]))


def _compiles(text: str) -> bool:
    try:
        compile(text, "naps.py", "exec")
    except SyntaxError:
        return False
    return True


async def _interleave(steps: list[str], seen: Counter[str], patch: pytest.MonkeyPatch) -> None:
    editor = Editor(seen=seen)
    patch.setattr(asyncio, "to_thread", editor.in_thread)
    await editor.step("command")
    for step in steps:
        await editor.step(step)
    await editor.finish()
    seen.update(editor.said)


@pytest.fixture
def _one_run_of_ruff_for_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the texts are the same again and again."""
    found: dict[Any, Any] = {}
    run = linter._run

    def kept(arguments: list[str], text: Text | None = None) -> list[dict[str, Any]]:
        key = (*arguments, text and text.data)
        if key not in found:
            found[key] = run(arguments, text)
        result: list[dict[str, Any]] = found[key]
        return result

    monkeypatch.setattr(linter, "_run", kept)


@pytest.mark.slow
@pytest.mark.usefixtures("_one_run_of_ruff_for_a_text")
def test_an_edit_is_for_the_text_it_is_applied_to(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=1000, derandomize=True, deadline=None, database=None)
    @given(st.lists(st.sampled_from(STEPS), min_size=8, max_size=24))
    def check(steps: list[str]) -> None:
        asyncio.run(_interleave(steps, seen, monkeypatch))

    check()
    # All that may happen has happened.
    assert seen["applied"] > 100
    assert seen["refused"] > 10
    assert any("is not found in it any more" in message for message in seen)
    assert seen["The text kept changing meanwhile: nothing was edited."]


@pytest.mark.usefixtures("_one_run_of_ruff_for_a_text")
@pytest.mark.parametrize(
    "steps",
    [
        ["to server"],  # nothing is typed
        ["to server", "type 1", "to server"],  # before it is planned
        ["to server", "work", "type 2", "to server"],  # while it is planned
    ],
)
def test_what_was_typed_before_the_edit_stays(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[str] = Counter()
    asyncio.run(_interleave(steps, seen, monkeypatch))
    assert seen["applied"] == 1
    assert seen["refused"] == 0


@pytest.mark.usefixtures("_one_run_of_ruff_for_a_text")
@pytest.mark.parametrize("typed", range(len(TYPED)))
def test_what_is_typed_while_the_edit_is_on_its_way_wins(
    typed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[str] = Counter()
    steps = ["to server", "work", "work", f"type {typed}"]
    asyncio.run(_interleave(steps, seen, monkeypatch))
    assert seen["applied"] == 0
    assert seen["refused"] == 1
    assert seen["The editor did not make the edit."] == 1
