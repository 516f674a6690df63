"""What the server answers: each handler converts, calls, and converts back."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from qwlsp.actions import explain
from qwlsp.documents import Snapshot
from qwlsp.errors import BadRequest, QwlspError
from qwlsp.lsp import convert
from qwlsp.lsp.server import QwlspServer
from qwlsp.syntax.scopes import Scope, enclosing, module
from qwlsp.text import Span

EXPLAIN = "qwlsp.explain"
CANCEL = "qwlsp.cancel"


def create_server() -> QwlspServer:
    """A server with all its features."""
    server = QwlspServer()
    for method, handler, *options in (
        (types.INITIALIZE, initialize),
        (types.INITIALIZED, initialized),
        (types.WORKSPACE_DID_CHANGE_CONFIGURATION, did_change_configuration),
        (
            types.TEXT_DOCUMENT_CODE_ACTION,
            code_action,
            types.CodeActionOptions(code_action_kinds=[EXPLAIN]),
        ),
        (types.TEXT_DOCUMENT_HOVER, hover),
        (types.TEXT_DOCUMENT_DID_SAVE, did_save),
        (types.SHUTDOWN, shutdown),
    ):
        server.feature(method, *options)(handler)
    server.command(EXPLAIN)(run_explain)
    server.command(CANCEL)(run_cancel)
    return server


def initialize(server: QwlspServer, params: types.InitializeParams) -> None:
    """Keep the settings until the editor can be told about them."""
    server.initialization_options = params.initialization_options


async def initialized(server: QwlspServer, _params: types.InitializedParams) -> None:
    """Look for a model; ask the editor for its settings where it has any."""
    server.configure_from(_section(server.initialization_options))
    await server.pull_configuration()


async def did_change_configuration(
    server: QwlspServer, params: types.DidChangeConfigurationParams
) -> None:
    """Settings changed: some editors send them along, others want to be asked."""
    if settings := _section(params.settings):
        server.configure_from(settings)
    else:
        await server.pull_configuration()


def _section(data: Any) -> Any:
    if isinstance(data, dict) and "qwlsp" in data:
        return data["qwlsp"]
    return data


def code_action(
    server: QwlspServer, params: types.CodeActionParams
) -> list[types.CodeAction] | None:
    """Offer to explain what is under the cursor."""
    only = params.context.only
    if only is not None and not any(_includes(kind, EXPLAIN) for kind in only):
        return None
    uri = params.text_document.uri
    try:
        snapshot = server.snapshot(uri, None)
        range_ = convert.to_range(params.range)
        span = convert.span_of(range_, snapshot.text, server.encoding)
        scope = enclosing(snapshot.tree, span)
    except QwlspError:
        return None  # nothing to offer here; a message for each cursor movement helps nobody
    server.reading_ahead.looked_at(uri, span)
    title = explain.title(scope, convert.short_name(uri))
    argument = {"uri": uri, "version": snapshot.version, "range": params.range}
    return [
        types.CodeAction(
            title=title, kind=EXPLAIN, command=types.Command(title, EXPLAIN, arguments=[argument])
        )
    ]


def _includes(asked: str, kind: str) -> bool:
    """Whether a kind of code action is asked for: `a.b` is one of `a`."""
    return asked == "" or kind == asked or kind.startswith(asked + ".")


def hover(server: QwlspServer, params: types.HoverParams) -> types.Hover | None:
    """Show what was explained, on the name and header of what it is about."""
    try:
        snapshot = server.snapshot(params.text_document.uri, None)
        scope, span = _header_at(server, snapshot, params.position)
        markdown = server.service.remembered(snapshot, scope)
    except QwlspError:
        return None
    if markdown is None:
        return None
    return types.Hover(
        types.MarkupContent(types.MarkupKind.Markdown, markdown),
        convert.from_range(snapshot.text.range(span, server.encoding)),
    )


def did_save(server: QwlspServer, params: types.DidSaveTextDocumentParams) -> None:
    """What was saved may be asked about next."""
    server.reading_ahead.saved(params.text_document.uri)


def _header_at(
    server: QwlspServer, snapshot: Snapshot, position: types.Position
) -> tuple[Scope, Span]:
    """What is defined by the header under the pointer, and that header; the module's is the
    first line. Raises BadRequest where there is none."""
    text = snapshot.text
    offset = text.offset(convert.to_position(position), server.encoding)
    scope = enclosing(snapshot.tree, Span(offset, offset))
    if scope.kind != "module" and scope.header.start <= offset <= scope.header.end:
        return scope, scope.header
    if position.line == 0:
        return module(snapshot.tree), text.line_span(0)
    raise BadRequest("There is no header here.")


async def run_explain(server: QwlspServer, params: types.ExecuteCommandParams) -> Any:
    """Start an explanation and acknowledge it, or with `wait` answer with it."""
    try:
        argument = convert.command_argument(params.arguments)
        job = server.explain(argument, token=params.work_done_token)
        if not argument.wait:
            return {"id": job.id}
        return (await job.result()).to_json()
    except QwlspError as error:
        raise convert.to_error(error) from error


async def run_cancel(server: QwlspServer, params: types.ExecuteCommandParams) -> None:
    """Stop the job with the `id` in the argument; one that has ended stays as it is."""
    arguments = params.arguments
    if arguments and isinstance(arguments[0], dict):
        server.jobs.cancel(str(arguments[0].get("id")))


async def shutdown(server: QwlspServer, _params: None) -> None:
    """Stop all work and let the worker go."""
    await server.close()
