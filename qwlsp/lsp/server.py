"""The server as pygls knows it: light to import, so that `initialize` is answered at once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from lsprotocol import converters, types
from pygls.exceptions import JsonRpcInternalError
from pygls.lsp.server import LanguageServer

from qwlsp import __version__
from qwlsp.lsp.protocol import QwlspProtocol

if TYPE_CHECKING:
    from qwlsp.lsp.session import Session


class QwlspServer(LanguageServer):
    """One connection: what the client can do, and the session that works for it."""

    protocol: QwlspProtocol

    def __init__(self) -> None:
        super().__init__(
            "qwlsp",
            __version__,
            protocol_cls=QwlspProtocol,
            converter_factory=converters.get_converter,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
        )
        self.initialize_params: types.InitializeParams | None = None

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Tell the person, unless it was telling that failed: that would fail again, for ever."""
        if source is not JsonRpcInternalError:
            super().report_server_error(error, source)

    @cached_property
    def session(self) -> Session:
        """Everything behind the protocol; imported when the first message needs it."""
        from qwlsp.lsp.session import Session

        return Session(self)

    @property
    def knows_us(self) -> bool:
        """Whether the client announces `experimental.qwlsp`."""
        experimental = self.client_capabilities.experimental
        if isinstance(experimental, dict):
            return bool(experimental.get("qwlsp"))
        return bool(getattr(experimental, "qwlsp", False))

    @property
    def can_make_progress(self) -> bool:
        """Whether the client shows progress that the server starts."""
        window = self.client_capabilities.window
        return bool(window and window.work_done_progress)

    @property
    def can_show_documents(self) -> bool:
        """Whether the client opens a document that the server names."""
        window = self.client_capabilities.window
        return bool(window and window.show_document and window.show_document.support)

    @property
    def can_confirm_edits(self) -> bool:
        """Whether the client shows edits for confirmation."""
        workspace = self.client_capabilities.workspace
        edit = workspace and workspace.workspace_edit
        return bool(edit and edit.document_changes and edit.change_annotation_support)

    @property
    def can_watch_files(self) -> bool:
        """Whether the client tells of changes on disk when it is asked to."""
        workspace = self.client_capabilities.workspace
        watching = workspace and workspace.did_change_watched_files
        return bool(watching and watching.dynamic_registration)

    @property
    def has_configuration(self) -> bool:
        """Whether the client can be asked for its settings."""
        workspace = self.client_capabilities.workspace
        return bool(workspace and workspace.configuration)
