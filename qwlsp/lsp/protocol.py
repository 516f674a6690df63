"""pygls's protocol with our own documents, commands and cancellation.

pygls keeps a second copy of every buffer, splits its lines at characters that LSP does not count
as line ends, and answers "cancelled" to a command whose coroutine goes on working. The methods
overridden here take those parts over; all others stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol, lsp_method

if TYPE_CHECKING:
    from qwlsp.lsp.server import QwlspServer


class QwlspProtocol(LanguageServerProtocol):
    """What differs from pygls."""

    _server: QwlspServer

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Answer a request that makes no sense: pygls would leave the client waiting."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Take over a buffer."""
        self._server.session.did_open(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """A keystroke: synchronous, as an asynchronous handler leaks two futures for each."""
        self._server.session.did_change(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Let go of a buffer."""
        self._server.session.did_close(params)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override]
        self, params: types.ExecuteCommandParams
    ) -> Any:
        """Run a command as one coroutine, so that cancelling the request cancels the work."""
        handler = self.fm.commands.get(params.command)
        if handler is None:
            raise JsonRpcInvalidParams(f"There is no command {params.command}.")
        return await handler(params)

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        """The person closed the progress bar of a job, or of a download."""
        session = self._server.session
        session.jobs.cancel_progress(params.token)
        session.pulling.cancel_progress(params.token)
