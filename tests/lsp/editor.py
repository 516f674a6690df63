"""An editor for the tests: pytest-lsp's client with the capabilities of a real one.

It keeps all that the server says by itself, in order, so that a test may ask for it at any time,
and it waits for nothing without a limit: a server that hangs fails the test.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, Union
from urllib.parse import urlsplit

import psutil
from cattrs import Converter
from lsprotocol import types
from lsprotocol.converters import get_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

from tests.model_server import ModelServer

T = TypeVar("T")

TIMEOUT = 60.0
"""Seconds after which a test gives up; what it waits for takes one or two."""
CLIENTS = Path(__file__).parents[1] / "clients"
VSCODE, NEOVIM = "visual_studio_code_v1.139.1", "neovim_v0.12.4"
"""Whose capabilities were recorded there."""
RECORDED = (
    types.PROGRESS,
    types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
    types.WINDOW_SHOW_MESSAGE,
    types.WINDOW_SHOW_DOCUMENT,
    types.WINDOW_WORK_DONE_PROGRESS_CREATE,
)
BUGS = ("never retrieved", "InvalidStateError", "Task was destroyed", "never awaited")
"""What Python says on stderr about tasks that were lost."""


@dataclass
class Document:
    """A buffer: `text` is what the server should have."""

    uri: str
    text: str
    version: int = 1

    def position(self, of: str) -> types.Position:
        """Where a piece of the text starts, in UTF-16; the text before it on its line is ASCII."""
        before = self.text[: self.text.index(of)]
        return types.Position(before.count("\n"), len(before.rpartition("\n")[2]))

    def cursor(self, at: str) -> types.Range:
        """The empty range there."""
        return types.Range(self.position(at), self.position(at))


MODEL_SERVERS: list[ModelServer] = []
"""The server that has the model, where the tests run with --backend openai."""


def model_name() -> str:
    """What answers of the tiny model say about it."""
    return f"tiny at {urlsplit(MODEL_SERVERS[0].base_url).netloc}" if MODEL_SERVERS else "tiny"


class Editor(LanguageClient):
    """One editor window."""

    def __init__(self, configuration: dict[str, Any] | None = None) -> None:
        super().__init__(converter_factory=_converter, configuration={"": configuration or {}})
        self.heard: list[tuple[str, Any]] = []
        self.choices: list[str] = []
        """Buttons to press in the next questions that the server asks."""
        self.problems: list[str] = []
        self.stderr = ""
        self.initialized_as: types.InitializeResult
        self._news = asyncio.Event()
        features = {m: self._recorded(m, DEFAULT_CLIENT_FEATURES[m]) for m in RECORDED}
        features[types.WINDOW_SHOW_MESSAGE_REQUEST] = self._recorded(
            types.WINDOW_SHOW_MESSAGE_REQUEST, self._choose
        )
        for method in ("qwlsp/answer", "qwlsp/status", types.CLIENT_REGISTER_CAPABILITY):
            features[method] = self._recorded(method, lambda _client, _params: None)
        register_lsp_features(self, {**DEFAULT_CLIENT_FEATURES, **features})

    def _recorded(
        self, method: str, answer: Callable[[LanguageClient, Any], Any]
    ) -> Callable[[Any], Any]:
        def record(params: Any) -> Any:
            self.heard.append((method, params))
            self._news.set()
            return answer(self, params)

        return record

    def _choose(self, _client: LanguageClient, params: Any) -> types.MessageActionItem | None:
        return types.MessageActionItem(self.choices.pop(0)) if self.choices else None

    def report_server_error(self, error: Exception, source: Any) -> None:
        self.problems.append(f"{source.__name__}: {error}")

    async def start_io(self, cmd: str, *args: Any, **kwargs: Any) -> None:
        await super(LanguageClient, self).start_io(cmd, *args, **kwargs)
        self._stderr_forwarder = asyncio.create_task(self._read_stderr())

    async def _read_stderr(self) -> None:
        assert self._server is not None and self._server.stderr is not None
        while line := await self._server.stderr.readline():
            self.stderr += line.decode()

    # Waiting.

    async def soon(self, reply: Awaitable[T]) -> T:
        """The reply, or a failure if it does not come."""
        return await asyncio.wait_for(reply, TIMEOUT)

    def all_heard(self, method: str) -> list[Any]:
        """The parameters of all messages of a kind so far."""
        return [params for said, params in self.heard if said == method]

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Ask again and again, until something holds."""

        async def ask() -> None:
            while not await holds():
                pass

        await self.soon(ask())

    async def hear(self, method: str, matching: Callable[[Any], bool] = lambda _: True) -> Any:
        """The parameters of the first message that matches, said already or still to come."""

        async def listen() -> Any:
            while True:
                self._news.clear()
                for params in self.all_heard(method):
                    if matching(params):
                        return params
                await self._news.wait()

        return await self.soon(listen())

    # The processes.

    @property
    def server(self) -> psutil.Process:
        """The server's process."""
        assert self._server is not None
        return psutil.Process(self._server.pid)

    def workers(self) -> list[psutil.Process]:
        """The processes that own a model, started by the server and not ended."""
        return [
            child
            for child in self.server.children()
            if child.status() != psutil.STATUS_ZOMBIE and "qwlsp.engine.worker" in child.cmdline()
        ]

    async def indexer(self) -> psutil.Process:
        """The process that indexes the workspace, as soon as it is there."""
        found: list[psutil.Process] = []

        async def started() -> bool:
            await asyncio.sleep(0.01)
            found[:] = [
                child
                for child in self.server.children()
                if "qwlsp.workspace.indexer" in child.cmdline()
            ]
            return bool(found)

        await self.until(started)
        return found[0]

    @property
    def worker(self) -> psutil.Process:
        """The one process that has the model."""
        if MODEL_SERVERS:
            return MODEL_SERVERS[0].process
        [worker] = self.workers()
        return worker

    @property
    def exit_status(self) -> int | None:
        """The server's, None while it runs."""
        assert self._server is not None
        return self._server.returncode

    async def ended_with(self) -> int:
        """The exit status of a server that ends by itself."""
        assert self._server is not None
        return await self._server.wait()

    def hang_up(self) -> None:
        """Close the server's standard input, as an editor that crashes does."""
        assert self._server is not None and self._server.stdin is not None
        self._server.stdin.close()

    # Buffers.

    def open(self, uri: str, text: str, language: str = "python") -> Document:
        """Show a buffer."""
        item = types.TextDocumentItem(uri, language, 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return Document(uri, text)

    def edit(self, document: Document, old: str, new: str) -> None:
        """Replace the first `old`, whose line is ASCII up to there; `old` is one line's."""
        start = document.position(old)
        end = types.Position(start.line, start.character + len(old))
        document.text = document.text.replace(old, new, 1)
        self.change(document, types.Range(start, end), new)

    def change(self, document: Document, range_: types.Range, new: str) -> None:
        """Send one change as it is; `document.text` is the caller's business."""
        document.version += 1
        identifier = types.VersionedTextDocumentIdentifier(document.version, document.uri)
        event = types.TextDocumentContentChangePartial(range_, new)
        self.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [event]))

    def changed_on_disk(self, path: Path) -> None:
        """Tell of a file that has changed or appeared."""
        event = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
        self.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))

    async def actions(
        self, document: Document, range_: types.Range, only: Sequence[str] | None = None
    ) -> list[types.CodeAction]:
        """The code actions on offer."""
        found = await self.soon(
            self.text_document_code_action_async(
                types.CodeActionParams(
                    types.TextDocumentIdentifier(document.uri),
                    range_,
                    types.CodeActionContext([], only=only),
                )
            )
        )
        actions = []
        for action in found or []:
            assert isinstance(action, types.CodeAction)
            actions.append(action)
        return actions

    async def explanations(self, document: Document, range_: types.Range) -> list[types.CodeAction]:
        """The offers to explain something there."""
        found = await self.actions(document, range_)
        return [action for action in found if action.kind == "qwlsp.explain"]

    async def title(self, document: Document, at: str) -> str:
        """The title of the one offer to explain something there."""
        [action] = await self.explanations(document, document.cursor(at))
        return action.title

    async def hover(self, document: Document, at: str | types.Position) -> types.Hover | None:
        """What is shown under the pointer."""
        position = document.position(at) if isinstance(at, str) else at
        identifier = types.TextDocumentIdentifier(document.uri)
        return await self.soon(
            self.text_document_hover_async(types.HoverParams(identifier, position))
        )

    async def hover_text(self, document: Document, at: str | types.Position) -> str | None:
        """Its Markdown."""
        hover = await self.hover(document, at)
        if hover is None:
            return None
        assert isinstance(hover.contents, types.MarkupContent)
        assert hover.contents.kind is types.MarkupKind.Markdown
        return hover.contents.value

    # Commands.

    async def command(self, name: str, *arguments: Any, token: str | None = None) -> Any:
        """The reply to a command."""
        if token is not None:
            self.progress_reports[token] = []
        params = types.ExecuteCommandParams(name, list(arguments), work_done_token=token)
        return await self.soon(self.workspace_execute_command_async(params))

    async def explain(
        self, document: Document, at: str, *, token: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """The reply to `qwlsp.explain`."""
        argument = {
            "uri": document.uri,
            "version": document.version,
            "range": document.cursor(at),
            **more,
        }
        reply: dict[str, Any] = await self.command("qwlsp.explain", argument, token=token)
        return reply

    async def explained(self, document: Document, at: str, **more: Any) -> dict[str, Any]:
        """The finished explanation."""
        return await self.explain(document, at, wait=True, **more)

    async def asked(
        self, question: str, document: Document, at: str | None, **more: Any
    ) -> dict[str, Any]:
        """The finished answer to a free question; without a place, about the whole file."""
        place = {} if at is None else {"range": document.cursor(at)}
        argument = {"uri": document.uri, "question": question, "wait": True, **place, **more}
        reply: dict[str, Any] = await self.command("qwlsp.ask", argument)
        return reply

    def answers(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """What was said about an acknowledged job so far."""
        return [params for params in self.all_heard("qwlsp/answer") if params["id"] == job["id"]]

    async def writing(self, job: dict[str, Any]) -> dict[str, Any]:
        """The first part of its answer."""
        part: dict[str, Any] = await self.hear("qwlsp/answer", lambda p: p["id"] == job["id"])
        assert not part["done"], f"it ended before the test could do anything: {part}"
        return part

    async def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        """The last that is said about a job."""
        last: dict[str, Any] = await self.hear(
            "qwlsp/answer", lambda p: p["id"] == job["id"] and p["done"]
        )
        return last


def capabilities(
    like: str, *, plugin: bool = True, encodings: list[str] | None = None
) -> types.ClientCapabilities:
    """What a real editor can do, with our plugin or without."""
    recorded = json.loads((CLIENTS / f"{like}.json").read_text(encoding="utf-8"))
    found = get_converter().structure(recorded["capabilities"], types.ClientCapabilities)
    found.experimental = {"qwlsp": True} if plugin else None
    if encodings is not None:
        found.general = found.general or types.GeneralClientCapabilities()
        found.general.position_encodings = encodings
    return found


@contextmanager
def paused(process: psutil.Process) -> Iterator[None]:
    """Stop a process for a while, so that what it was about to do does not happen yet."""
    process.suspend()
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def _converter() -> Converter:
    """lsprotocol takes a code action with a command for a mere command."""
    converter = get_converter()

    def structure(data: Any, _type: Any) -> types.Command | types.CodeAction:
        is_command = isinstance(data.get("command"), str)
        return converter.structure(data, types.Command if is_command else types.CodeAction)

    converter.register_structure_hook(Union[types.Command, types.CodeAction], structure)  # noqa: UP007
    return converter


@asynccontextmanager
async def open_editor(
    home: Path,
    like: str = VSCODE,
    *,
    plugin: bool = True,
    encodings: list[str] | None = None,
    can: types.ClientCapabilities | None = None,
    options: Any = None,
    configuration: dict[str, Any] | None = None,
    inside: Sequence[str] = (),
    folders: Sequence[Path] = (),
) -> AsyncIterator[Editor]:
    """An editor with a server of its own, which ends with it. `folders` are its workspace's,
    `options` are sent with `initialize`, `configuration` is what the server finds when it asks;
    `can` is what the editor can do, if it is not a real one; `inside` is a command that starts the
    server's."""
    if MODEL_SERVERS and options and "model" in options:
        server = {"kind": "openai", "baseUrl": MODEL_SERVERS[0].base_url}
        options = {**options, "backend": server}
    editor = Editor(configuration)
    env = {**os.environ, "QWLSP_HOME": str(home)}
    await editor.start_io(*inside, sys.executable, "-m", "qwlsp", "serve", env=env)
    try:
        can = can or capabilities(like, plugin=plugin, encodings=encodings)
        params = types.InitializeParams(
            can,
            initialization_options=options,
            workspace_folders=[types.WorkspaceFolder(f.as_uri(), f.name) for f in folders],
        )
        editor.initialized_as = await editor.soon(editor.initialize_session(params))
        yield editor
        if editor.exit_status is None:
            await editor.soon(editor.shutdown_session())
    finally:
        await _end(editor)
    assert not editor.problems, editor.problems
    assert not [bug for bug in BUGS if bug in editor.stderr], editor.stderr


async def _end(editor: Editor) -> None:
    """Leave no process behind, whatever happened."""
    if editor.exit_status is None:
        for process in [*editor.server.children(recursive=True), editor.server]:
            process.kill()
    assert editor._stderr_forwarder is not None
    await editor.soon(editor._stderr_forwarder)
    await editor.soon(editor.stop())
