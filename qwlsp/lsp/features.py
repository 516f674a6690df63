"""What the server answers: each handler converts, calls, and converts back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lsprotocol import types

from qwlsp.actions import explain, find_bug, make_async
from qwlsp.documents import Snapshot
from qwlsp.errors import BadRequest, QwlspError
from qwlsp.lsp import convert
from qwlsp.lsp.indexing import folders, roots_of
from qwlsp.lsp.jobs import Job
from qwlsp.lsp.session import Session
from qwlsp.lsp.start import EXPLAIN, FIND_BUG, KINDS, MAKE_ASYNC, MAKE_ASYNC_KIND
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Span


async def initialized(session: Session, _params: types.InitializedParams) -> None:
    """Look for a model and at the folders; ask the editor for its settings where it has any."""
    params = session.server.initialize_params
    session.indexing.begin(roots_of(params) if params else [])
    session.begin(_section(params.initialization_options) if params else None)
    await session.pull_configuration()
    session.reading_ahead.begin()


async def did_change_configuration(
    session: Session, params: types.DidChangeConfigurationParams
) -> None:
    """Settings changed: some editors send them along, others want to be asked."""
    if settings := _section(params.settings):
        session.configure_from(settings)
    else:
        await session.pull_configuration()


def _section(data: Any) -> Any:
    if isinstance(data, dict) and "qwlsp" in data:
        return data["qwlsp"]
    return data


def code_action(session: Session, params: types.CodeActionParams) -> list[types.CodeAction] | None:
    """Offer what can be done with what is under the cursor."""
    only = params.context.only
    wanted = [
        kind for kind in KINDS if only is None or any(_includes(asked, kind) for asked in only)
    ]
    if not wanted:
        return None
    uri = params.text_document.uri
    try:
        snapshot = session.snapshot(uri, None)
        range_ = convert.to_range(params.range)
        span = convert.span_of(range_, snapshot.text, session.encoding)
        scope = snapshot.scope_at(span)
    except QwlspError:
        return None  # nothing to offer here; a message for each cursor movement helps nobody
    session.reading_ahead.looked_at(uri, span)
    argument = {"uri": uri, "version": snapshot.version, "range": params.range}
    found = []
    if EXPLAIN in wanted:
        title = explain.title(scope, convert.short_name(uri))
        found.append(_action(title, EXPLAIN, EXPLAIN, argument))
    if FIND_BUG in wanted:
        title = find_bug.title(scope, convert.short_name(uri))
        found.append(_action(title, FIND_BUG, FIND_BUG, argument))
    if types.CodeActionKind.QuickFix in wanted:
        found += session.diagnostics.actions(snapshot, snapshot.text.span(range_, session.encoding))
    if MAKE_ASYNC_KIND in wanted and make_async.is_offered(snapshot, scope):
        title = make_async.title(scope)
        found.append(_action(title, MAKE_ASYNC_KIND, MAKE_ASYNC, argument))
        title, argument = f"{title}, with its callers", {**argument, "withCallers": True}
        found.append(_action(title, MAKE_ASYNC_KIND, MAKE_ASYNC, argument))
    return found


def _action(title: str, kind: str, command: str, argument: dict[str, Any]) -> types.CodeAction:
    return types.CodeAction(
        title=title, kind=kind, command=types.Command(title, command, arguments=[argument])
    )


def _includes(asked: str, kind: str) -> bool:
    """Whether a kind of code action is asked for: `a.b` is one of `a`."""
    return asked == "" or kind == asked or kind.startswith(asked + ".")


def hover(session: Session, params: types.HoverParams) -> types.Hover | None:
    """Show what is wrong here, or what was explained, on the name and header of what it is
    about."""
    try:
        snapshot = session.snapshot(params.text_document.uri, None)
        at = snapshot.text.offset(convert.to_position(params.position), session.encoding)
        if wrong := session.diagnostics.explanation(snapshot.uri, at):
            return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, wrong))
        scope, span = _header_at(session, snapshot, params.position)
        markdown = session.service.remembered(snapshot, scope)
    except QwlspError:
        return None
    if markdown is None:
        return None
    return types.Hover(
        types.MarkupContent(types.MarkupKind.Markdown, markdown),
        convert.from_range(snapshot.text.range(span, session.encoding)),
    )


def did_save(session: Session, params: types.DidSaveTextDocumentParams) -> None:
    """What was saved may be asked about next."""
    session.reading_ahead.saved(params.text_document.uri)
    session.saved(params.text_document.uri)
    session.indexing.changed([convert.file_name(params.text_document.uri)])


def did_change_watched_files(session: Session, params: types.DidChangeWatchedFilesParams) -> None:
    """Files changed on disk."""
    session.indexing.changed(convert.file_name(change.uri) for change in params.changes)


def did_change_workspace_folders(
    session: Session, params: types.DidChangeWorkspaceFoldersParams
) -> None:
    """Folders were opened or closed."""
    event = params.event
    session.indexing.folders_changed(folders(event.added), folders(event.removed))


def _header_at(
    session: Session, snapshot: Snapshot, position: types.Position
) -> tuple[Scope, Span]:
    """What is defined by the header under the pointer, and that header; the module's is the
    first line. Raises BadRequest where there is none."""
    text = snapshot.text
    offset = text.offset(convert.to_position(position), session.encoding)
    scope = snapshot.scope_at(Span(offset, offset))
    header = scope.header
    if scope.kind == "block":
        header = text.line_span(text.line_of(scope.span.start))
    if scope.kind != "module" and header.start <= offset <= header.end:
        return scope, header
    if position.line == 0:
        return snapshot.whole, text.line_span(0)
    raise BadRequest("There is no header here.")


async def run_explain(session: Session, params: types.ExecuteCommandParams) -> Any:
    """Start an explanation and acknowledge it, or with `wait` answer with it."""
    return await _run(session.explain, params)


async def run_ask(session: Session, params: types.ExecuteCommandParams) -> Any:
    """The same for a free question."""
    return await _run(session.ask, params)


async def run_make_async(session: Session, params: types.ExecuteCommandParams) -> Any:
    """The same for making code async."""
    return await _run(session.make_async, params)


async def run_find_bug(session: Session, params: types.ExecuteCommandParams) -> Any:
    """The same for finding bugs."""
    return await _run(session.find_bug, params)


async def run_dismiss(session: Session, params: types.ExecuteCommandParams) -> None:
    """Don't show a finding again; the argument has its `uri`, `range` and `origin`."""
    try:
        argument = convert.command_argument(params.arguments)
        snapshot = session.snapshot(argument.uri, None)
        span = snapshot.text.span(convert.needed(argument.range), session.encoding)
        session.diagnostics.dismiss(argument.uri, span, argument.origin or "")
    except QwlspError as error:
        raise convert.to_error(error) from error


async def _run(start: Callable[..., Job], params: types.ExecuteCommandParams) -> Any:
    try:
        argument = convert.command_argument(params.arguments)
        job = start(argument, token=params.work_done_token)
        if not argument.wait:
            return {"id": job.id}
        return (await job.result()).to_json()
    except QwlspError as error:
        raise convert.to_error(error) from error


async def run_cancel(session: Session, params: types.ExecuteCommandParams) -> None:
    """Stop the job with the `id` in the argument; one that has ended stays as it is."""
    arguments = params.arguments
    if arguments and isinstance(arguments[0], dict):
        session.jobs.cancel(str(arguments[0].get("id")))


async def run_pull_model(session: Session, params: types.ExecuteCommandParams) -> None:
    """Fetch the model with the `name` in the argument, or the default one, if the person agrees."""
    arguments = params.arguments
    given = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
    try:
        await session.pulling.pull(str(given.get("name") or ""))
    except QwlspError as error:
        raise convert.to_error(error) from error


async def shutdown(session: Session, _params: None) -> None:
    """Stop all work and let the worker go."""
    await session.close()
