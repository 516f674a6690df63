"""Runs the server on standard input and output."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

from lsprotocol import types

from qwlsp.lsp.server import QwlspServer

EXPLAIN = "qwlsp.explain"
ASK = "qwlsp.ask"
MAKE_ASYNC = "qwlsp.makeAsync"
MAKE_ASYNC_KIND = "refactor.rewrite.qwlsp.makeAsync"
FIND_BUG = "qwlsp.findBug"
DISMISS = "qwlsp.dismiss"
CANCEL = "qwlsp.cancel"
PULL_MODEL = "qwlsp.pullModel"

KINDS = [EXPLAIN, FIND_BUG, MAKE_ASYNC_KIND, types.CodeActionKind.QuickFix]
"""Of code actions."""


def serve() -> None:
    """Serve one editor until it goes away."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    # At INFO pygls logs whole messages, that is, the person's code.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not corrupt the protocol
    create_server().start_io(source, target)


def create_server() -> QwlspServer:
    """A server with all its features."""
    server = QwlspServer()

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        """Keep the settings until the editor can be told about them."""
        server.initialize_params = params

    kinds = types.CodeActionOptions(code_action_kinds=KINDS)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)(_now(server, "code_action"))
    server.feature(types.TEXT_DOCUMENT_HOVER)(_now(server, "hover"))
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(_now(server, "did_save"))
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(
        _now(server, "did_change_watched_files")
    )
    server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(
        _now(server, "did_change_workspace_folders")
    )
    server.feature(types.INITIALIZED)(_waiting(server, "initialized"))
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(
        _waiting(server, "did_change_configuration")
    )
    server.feature(types.SHUTDOWN)(_waiting(server, "shutdown"))
    server.command(EXPLAIN)(_waiting(server, "run_explain"))
    server.command(ASK)(_waiting(server, "run_ask"))
    server.command(MAKE_ASYNC)(_waiting(server, "run_make_async"))
    server.command(FIND_BUG)(_waiting(server, "run_find_bug"))
    server.command(DISMISS)(_waiting(server, "run_dismiss"))
    server.command(CANCEL)(_waiting(server, "run_cancel"))
    server.command(PULL_MODEL)(_waiting(server, "run_pull_model"))
    return server


def _now(server: QwlspServer, name: str) -> Callable[[Any], Any]:
    """The handler `name` of `features`, which is imported with its first call: an editor waits
    for the answer to `initialize`, and that needs none of it."""

    def handler(params: Any) -> Any:
        from qwlsp.lsp import features

        return getattr(features, name)(server.session, params)

    return handler


def _waiting(server: QwlspServer, name: str) -> Callable[[Any], Any]:
    """The same for a coroutine."""

    async def handler(params: Any) -> Any:
        from qwlsp.lsp import features

        return await getattr(features, name)(server.session, params)

    return handler
