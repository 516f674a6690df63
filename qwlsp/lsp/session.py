"""What one editor window has open, which service answers it, and how it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from qwlsp.actions import ask, explain, find_bug, make_async
from qwlsp.answer_language import AUTO, find, spoken_in
from qwlsp.answers import Answer, Question, Report, Rewrite, Update
from qwlsp.cache import AnswerCache
from qwlsp.documents import Documents, Snapshot
from qwlsp.engine.client import State
from qwlsp.errors import BadRequest, EngineError, QwlspError, StaleVersion
from qwlsp.home import answers_file, consents_file
from qwlsp.lsp import convert, edits, present
from qwlsp.lsp.diagnostics import Diagnostics
from qwlsp.lsp.indexing import Indexing
from qwlsp.lsp.jobs import Job, Jobs, Kept
from qwlsp.lsp.pulling import Pulling
from qwlsp.lsp.read_ahead import ReadAhead
from qwlsp.lsp.status import Status
from qwlsp.opening import open_model
from qwlsp.remote import consent
from qwlsp.remote.consent import Consents
from qwlsp.remote.server import ServerConfig
from qwlsp.service import Service
from qwlsp.settings import Settings, from_json
from qwlsp.syntax.languages import PLAIN
from qwlsp.text import Encoding, Span, Text

if TYPE_CHECKING:
    from qwlsp.lsp.server import QwlspServer

ANSWER = "qwlsp/answer"
STATUS = "qwlsp/status"
MOST_ON_SAVE = 5
"""Functions that are looked at when a file is saved."""
ALLOW, REFUSE = "Send it", "Send nothing"
REPLANS = 3
"""How often edits are made anew because the text has changed meanwhile."""


class Session:
    """The state of one connection. The handlers in `features` and the protocol call it."""

    def __init__(self, server: QwlspServer) -> None:
        self.server = server
        self._base = Settings()
        self._saved: dict[str, Snapshot] = {}
        self._consents = Consents(consents_file())
        self._asked: dict[tuple[Path, ServerConfig], asyncio.Task[str | None]] = {}
        self.documents = Documents()
        self.jobs = Jobs(self)
        self.status = Status(self._notify_status, self._model_name)
        self.diagnostics = Diagnostics(self)
        self.reading_ahead = ReadAhead(self)
        self.indexing = Indexing(self)
        self.pulling = Pulling(self)
        self.service = Service(
            Settings(),
            model=None,
            cache=AnswerCache(answers_file()),
            files=lambda: self.indexing.workspace,
        )

    @property
    def encoding(self) -> Encoding:
        """How positions count characters."""
        return Encoding(self.server.server_capabilities.position_encoding or "utf-16")

    # Documents.

    def did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Take over a buffer."""
        document = params.text_document
        self.documents.open(
            document.uri, document.version, document.language_id.lower(), document.text
        )
        self._saved[document.uri] = self.documents.get(document.uri)
        self.reading_ahead.opened(document.uri)

    def did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Apply keystrokes."""
        document = params.text_document
        changes = convert.to_changes(list(params.content_changes))
        try:
            before = self.documents.get(document.uri)
            snapshot = self.documents.change(document.uri, document.version, changes, self.encoding)
        except QwlspError as error:
            self.show(str(error), types.MessageType.Error)
            return
        self.diagnostics.changed(before, snapshot, changes)
        if changes and (last := changes[-1].range) is not None:
            cursor = snapshot.text.offset(last.start, self.encoding)
            self.reading_ahead.typed(document.uri, Span(cursor, cursor))

    def did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Let go of a buffer."""
        self.documents.close(params.text_document.uri)
        self.diagnostics.closed(params.text_document.uri)
        self._saved.pop(params.text_document.uri, None)
        self.reading_ahead.stop()

    def snapshot(self, uri: str, version: int | None) -> Snapshot:
        """An open buffer. Raises StaleVersion if `version` is another one than the buffer's."""
        snapshot = self.documents.get(uri)
        if version is not None and version != snapshot.version:
            raise StaleVersion(
                f"The text has changed since: version {version} was asked about,"
                f" version {snapshot.version} is open. Ask again."
            )
        return snapshot

    def buffer(self, path: str) -> Snapshot | None:
        """The open document of a file, None if it is not open."""
        for snapshot in self.documents:
            if convert.file_name(snapshot.uri) == path:
                return snapshot
        return None

    # Questions.

    def explain(
        self, argument: convert.CommandArgument, *, token: types.ProgressToken | None
    ) -> Job:
        """Start an explanation. Raises QwlspError if it can't even be begun."""
        question = self._question(argument)
        if argument.after is not None:
            kept = self._kept(argument.after)
            question = replace(kept.question, continues=kept.answer)
        return self._start(question, argument.uri, token=token, waited_for=argument.wait)

    def ask(self, argument: convert.CommandArgument, *, token: types.ProgressToken | None) -> Job:
        """Start the answer to a free question. Raises QwlspError if it can't even be begun."""
        if not argument.question or not argument.question.strip():
            raise BadRequest("The command's argument needs a question.")
        question = replace(self._question(argument), action="ask", words=argument.question)
        if argument.after is not None:
            kept = self._kept(argument.after)
            span = kept.question.span if argument.range is None else question.span
            question = replace(question, span=span, follows=kept.answer)
        return self._start(question, argument.uri, token=token, waited_for=argument.wait)

    def make_async(
        self, argument: convert.CommandArgument, *, token: types.ProgressToken | None
    ) -> Job:
        """Start to make a function async. Raises QwlspError if it can't even be begun."""
        question = replace(
            self._question(argument),
            action="make-async",
            with_callers=argument.with_callers,
            preview=argument.preview,
        )
        return self._start(question, argument.uri, token=token, waited_for=argument.wait)

    def find_bug(
        self, argument: convert.CommandArgument, *, token: types.ProgressToken | None
    ) -> Job:
        """Start to look for bugs. Raises QwlspError if it can't even be begun."""
        question = replace(self._question(argument), action="find-bug")
        return self._start(question, argument.uri, token=token, waited_for=argument.wait)

    def saved(self, uri: str) -> None:
        """Look for bugs in the functions that have changed since the last time, if that is
        wanted."""
        before = self._saved.get(uri)
        if before is None:  # some editors tell of files that they have not opened here
            return
        snapshot = self._saved[uri] = self.documents.get(uri)
        if self.service.settings.bugs.on_save != "on":
            return
        known = {before.text.slice(each.span) for each in before.outline.definitions}
        changed = [
            each
            for each in snapshot.outline.definitions
            if each.kind == "function" and snapshot.text.slice(each.span) not in known
        ]
        for each in changed[:MOST_ON_SAVE]:
            at = Span(each.header.end, each.header.end)
            question = Question(
                snapshot=snapshot, span=at, file=convert.file_name(uri), action="find-bug"
            )
            self._start(question, uri, token=None, waited_for=True)  # nobody asked: no messages

    def _question(self, argument: convert.CommandArgument) -> Question:
        """What is asked about, in a buffer or, without words, in a whole folder."""
        file = convert.file_name(argument.uri)
        everywhere = any(Path(file) == root for root in self.indexing.workspace.roots)
        if everywhere:
            snapshot = Snapshot(argument.uri, None, PLAIN.id, Text.of(""))
        else:
            snapshot = self.snapshot(argument.uri, argument.version)
        return Question(
            snapshot=snapshot,
            span=convert.span_of(argument.range, snapshot.text, self.encoding),
            file=file,
            everywhere=everywhere,
            detail=argument.detail or self.service.settings.answers.detail,
            fresh=argument.fresh,
        )

    def _kept(self, job_id: str) -> Kept:
        kept = self.jobs.kept(job_id)
        if kept is None:
            raise BadRequest(f"There is no answer {job_id} to go on with.")
        return kept

    def go_on(self, job_id: str) -> None:
        """Go on with an answer that was cut off."""
        if (kept := self.jobs.kept(job_id)) is not None:
            question = replace(kept.question, continues=kept.answer)
            self._start(question, question.snapshot.uri, token=None, waited_for=False)

    def _start(
        self,
        question: Question,
        uri: str,
        *,
        token: types.ProgressToken | None,
        waited_for: bool,
    ) -> Job:
        snapshot = question.snapshot
        scope = snapshot.scope_at(question.span)
        if question.action == "find-bug":
            title = find_bug.title(scope, convert.short_name(uri))
        elif question.action == "make-async":
            title = make_async.title(scope)
        elif question.words:
            title = ask.title(question.words)
        else:
            title = explain.title(scope, convert.short_name(uri))
        return self.jobs.start(
            question,
            self._answer(question),
            uri=uri,
            range_=snapshot.text.range(scope.span, self.encoding),
            title=title,
            token=token,
            waited_for=waited_for,
        )

    async def _answer(self, question: Question) -> AsyncGenerator[Update, None]:
        if question.everywhere or question.action == "make-async":
            await self.indexing.finished()
        for _attempt in range(REPLANS + 1):
            stale: Rewrite | None = None
            async with aclosing(self.service.answer(question)) as updates:
                async for update in updates:
                    if isinstance(update, Rewrite) and not edits.is_current(self, update):
                        stale = update
                    else:
                        yield await self._done(question, update)
            if stale is None:
                return
            question = edits.again(self, question, stale.symbol)
        raise StaleVersion("The text kept changing meanwhile: nothing was edited.")

    async def _done(self, question: Question, update: Update) -> Update:
        """An update whose edits, if it has any, the editor has made."""
        if isinstance(update, Rewrite) and update.edits and not question.preview:
            await edits.send(
                self, make_async.title(question.snapshot.scope_at(question.span)), update
            )
        if isinstance(update, Report):
            scope = question.snapshot.scope_at(question.span)
            self.diagnostics.show(question.snapshot.uri, update, scope.span)
        return update

    async def close(self) -> None:
        """Stop all work and let the worker go."""
        self.reading_ahead.end()
        self.pulling.close()
        await self.jobs.cancel_all()
        await self.indexing.close()
        if self.service.model is not None:
            await self.service.model.engine.close()

    # The service.

    def configure(self, settings: Settings) -> None:
        """Take over new settings; a new model is used from the next question on."""
        old = self.service.model
        try:
            model = open_model(
                settings, current=old, permit=self._permit, on_state=self._on_engine_state
            )
        except QwlspError as error:
            model = None
            self.show(str(error), types.MessageType.Error)
        self.service.settings, self.service.model = settings, model
        self.reading_ahead.stop()
        if old is not None and old is not model:
            old.engine.retire()
        self.status.idle()

    async def _permit(self, server: ServerConfig, file: str) -> None:
        """Ask whether code of a file's workspace may leave this machine. Raises EngineError if
        not. Who comes while the person is asked gets that answer, too."""
        folder = self.indexing.workspace.root_of(file) or Path(file).parent
        if not server.needs_consent or self._consents.has(folder, server):
            return
        asked = self._asked.get((folder, server))
        if asked is None or asked.done():
            question = consent.question(server, folder)
            asked = asyncio.create_task(self.ask_person(question, [ALLOW, REFUSE]))
            self._asked[folder, server] = asked
        if await asyncio.shield(asked) != ALLOW:
            raise EngineError(consent.refusal(server))
        self._consents.give(folder, server)

    def begin(self, options: object) -> None:
        """Take over the settings that came with `initialize`; those that come later add to them."""
        self.configure_from(options)
        self._base = self.service.settings

    def configure_from(self, data: object) -> None:
        """Take over settings as an editor sends them, naming those that make no sense."""
        settings, problems = from_json(data, self._base)
        for problem in problems:
            self.show(problem, types.MessageType.Warning)
        chosen = settings.answers.language
        if chosen != AUTO and find(chosen) is None:
            self.show(
                f"{chosen} is no language that is known: English is used.",
                types.MessageType.Warning,
            )
        params = self.server.initialize_params
        self.configure(spoken_in(settings, params.locale if params else None))

    async def pull_configuration(self) -> None:
        """Ask the editor for its settings, if it can be asked."""
        if not self.server.has_configuration:
            return
        items = [types.ConfigurationItem(section="qwlsp")]
        # Shielded: a cancelled wait would break on the client's reply.
        reply = await asyncio.shield(
            self.server.workspace_configuration_async(types.ConfigurationParams(items))
        )
        if reply and reply[0]:
            self.configure_from(reply[0])

    def _on_engine_state(self, state: State) -> None:
        if state is State.LOADING:
            self.status.loading()
        elif state is State.STOPPED:
            self.status.idle()
        elif self.service.model is not None:
            if not self.jobs.busy:  # else they say what is going on
                self.status.idle()
            for warning in self.service.model.engine.warnings:
                self.show(warning, types.MessageType.Warning)

    # What the person gets to see.

    async def ask_person(self, question: str, choices: list[str]) -> str | None:
        """The choice of a person, None where there is none."""
        request = types.ShowMessageRequestParams(
            types.MessageType.Warning, question, [types.MessageActionItem(each) for each in choices]
        )
        try:
            # Shielded: a cancelled wait would break on the client's reply.
            reply = await asyncio.shield(self.server.window_show_message_request_async(request))
        except JsonRpcException:  # a client that can't ask
            return None
        return reply.title if reply else None

    def show(self, message: str, type_: types.MessageType) -> None:
        """One message in the editor."""
        self.server.window_show_message(types.ShowMessageParams(type_, message))

    def publish(
        self,
        job: Job,
        markdown: str,
        *,
        result: Answer | None = None,
        error: str | None = None,
        cancelled: bool = False,
    ) -> None:
        """Tell the client where a job is: the answer so far, or how it ended.

        A client with a plugin gets `qwlsp/answer`; any other one hears where to look when the
        answer is there. Why there is none is said to both.
        """
        if error is not None and not job.waited_for:
            self.show(error, types.MessageType.Error)
        if self.server.knows_us:
            message: dict[str, Any] = {
                "id": job.id,
                "action": job.question.action,
                "uri": job.uri,
                "range": asdict(job.range),
                "markdown": markdown,
                "done": bool(result or error or cancelled),
            }
            if result is not None:
                message["result"] = result.to_json()
            if error is not None:
                message["error"] = error
            if cancelled:
                message["cancelled"] = True
            self.server.protocol.notify(ANSWER, message)
        elif result is not None and not job.waited_for:
            present.answer(self, job, result)
            if self.service.model is None and result.source == "structure":
                self.pulling.offer()

    def _model_name(self) -> str | None:
        return self.service.model.name if self.service.model else None

    def _notify_status(self, message: dict[str, Any]) -> None:
        if self.server.knows_us:
            self.server.protocol.notify(STATUS, message)
