"""How an answer reaches a person whose editor has no qwlsp plugin."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.uris import from_fs_path

from qwlsp.answers import Answer, Report, Rewrite
from qwlsp.home import home

if TYPE_CHECKING:
    from qwlsp.lsp.jobs import Job
    from qwlsp.lsp.session import Session

CONTINUE = "Continue"


def answer(session: Session, job: Job, result: Answer) -> None:
    """Say where the answer is, or open it as a document; offer to go on if it was cut off."""
    if isinstance(result, Rewrite):
        _rewrite(session, job, result)
        return
    if isinstance(result, Report):
        _report(session, job, result)
        return
    name = f"`{result.symbol}`" if result.symbol else "the file"
    where = f"Hover over {name} to read it" if result.symbol else "Hover over its first line"
    message = f"{job.title} is done. {where}."
    as_document = session.service.settings.answers.show == "document" or job.question.everywhere
    if as_document and session.server.can_show_documents:
        message = ""
        _show_document(session, job, result)
    elif job.question.everywhere:  # there is nothing to hover over
        message = result.markdown
    if result.truncated:
        message += " The answer was cut off."
        _offer_to_continue(session, job, message.strip())
    elif message:
        session.show(message, types.MessageType.Info)


def _rewrite(session: Session, job: Job, result: Rewrite) -> None:
    """What the editor does not show by itself: why there is no edit, what to look after."""
    if not result.edits or job.question.preview:
        session.show(result.markdown, types.MessageType.Warning)
    elif result.warnings:
        session.show(
            "\n".join([f"{job.title}: done.", *result.warnings]), types.MessageType.Warning
        )


def _report(session: Session, job: Job, result: Report) -> None:
    """One message, unless all that can be said is where the findings are, which is seen."""
    said = [] if result.findings else [f"{job.title}: none was found."]
    if said or result.warnings:
        type_ = types.MessageType.Warning if result.warnings else types.MessageType.Info
        session.show("\n".join([*said, *result.warnings]), type_)


def _show_document(session: Session, job: Job, result: Answer) -> None:
    folder = home() / "answers"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"answer-{job.id}.md"
    path.write_text(result.markdown, encoding="utf-8")
    uri = from_fs_path(str(path))
    assert uri is not None
    session.server.window_show_document(types.ShowDocumentParams(uri=uri, take_focus=False))


def _offer_to_continue(session: Session, job: Job, message: str) -> None:
    def chosen(reply: Future[Any]) -> None:
        if reply.cancelled() or reply.exception() is not None:
            return
        if reply.result() is not None:
            session.go_on(job.id)

    request = session.server.window_show_message_request(
        types.ShowMessageRequestParams(
            types.MessageType.Info, message, [types.MessageActionItem(CONTINUE)]
        )
    )
    request.add_done_callback(chosen)
