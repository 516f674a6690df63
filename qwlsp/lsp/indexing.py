"""The files around the open ones: the workspace's folders, and the process that indexes them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from qwlsp.home import index_folder
from qwlsp.lsp import convert
from qwlsp.lsp.progress import WorkDoneProgress
from qwlsp.syntax.languages import LANGUAGES
from qwlsp.workspace.client import Indexer
from qwlsp.workspace.view import Workspace

if TYPE_CHECKING:
    from qwlsp.lsp.session import Session

AFTER_START = 3.0
"""Seconds from the editor's start on: the person's first question comes first."""
TITLE = "Indexing the workspace"


class Indexing:
    """The workspace of one editor window."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._indexer: Indexer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._progress: WorkDoneProgress | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._damaged: set[Path] = set()
        self.workspace = self._made([])

    def begin(self, roots: Iterable[Path]) -> None:
        """Work with these folders, and index them soon."""
        roots = [root for root in dict.fromkeys(roots) if root.is_absolute()]
        self.workspace = self._made(roots)
        self._let_go()
        if roots:
            self._timer = asyncio.get_running_loop().call_later(AFTER_START, self._index, roots)
            self._watch()

    def folders_changed(self, added: Iterable[Path], removed: Iterable[Path]) -> None:
        """The person opened or closed folders."""
        gone = set(removed)
        self.begin([*(root for root in self.workspace.roots if root not in gone), *added])

    async def finished(self) -> None:
        """Wait until everything is in the index; if that has not begun, begin."""
        if self._timer is not None:
            self._timer.cancel()
            self._index(list(self.workspace.roots))
        if self._indexer is not None:
            await self._indexer.rest()

    def changed(self, paths: Iterable[str]) -> None:
        """These files have changed, appeared or gone."""
        if self._indexer is not None:
            self._indexer.changed(paths)

    async def close(self) -> None:
        """End the indexer."""
        self._let_go()
        if self._closing:
            await asyncio.wait(self._closing)

    def _made(self, roots: list[Path]) -> Workspace:
        return Workspace(
            roots,
            database=index_folder(),
            buffer=self._session.buffer,
            on_damaged=self._rebuild,
        )

    def _index(self, roots: list[Path]) -> None:
        self._timer = None
        self._indexer = Indexer(roots, on_progress=self._report, on_said=self._say)
        self._indexer.start()
        for root in self._damaged:
            self._indexer.rebuild(root)
        self._damaged.clear()

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._indexer is not None:
            task = asyncio.create_task(self._indexer.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self._indexer = None

    def _rebuild(self, root: Path) -> None:
        if self._indexer is None:
            self._damaged.add(root)
        else:
            self._indexer.rebuild(root)

    def _say(self, sentence: str) -> None:
        self._session.show(sentence, types.MessageType.Warning)

    def _report(self, done: int, total: int) -> None:
        """Show how far it is, while there is anything to do."""
        if done >= total:
            if self._progress is not None:
                self._progress.end("done")
                self._progress = None
            return
        if self._progress is None:
            server = self._session.server
            self._progress = WorkDoneProgress(
                server.protocol, TITLE, token=None, can_create=server.can_make_progress
            )
        self._progress.report(f"{done} of {total} files", 100 * done // total)

    def _watch(self) -> None:
        """Have the editor tell of changes on disk, if it can."""
        server = self._session.server
        if not server.can_watch_files:
            return
        endings = sorted({e for known in LANGUAGES if known.has_grammar for e in known.extensions})
        pattern = "**/{" + ",".join(["*.md", ".gitignore", *(f"*{e}" for e in endings)]) + "}"
        options = types.DidChangeWatchedFilesRegistrationOptions(
            [types.FileSystemWatcher(glob_pattern=pattern)]
        )
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        server.client_register_capability(
            types.RegistrationParams([types.Registration("qwlsp-files", method, options)])
        )


def roots_of(params: types.InitializeParams) -> list[Path]:
    """The folders that an editor opens with."""
    if params.workspace_folders:
        return folders(params.workspace_folders)
    if params.root_uri:
        return [Path(convert.file_name(params.root_uri))]
    return []


def folders(given: Iterable[types.WorkspaceFolder]) -> list[Path]:
    """The paths of an editor's folders; those that are no files are left out."""
    return [Path(convert.file_name(each.uri)) for each in given if each.uri.startswith("file:")]
