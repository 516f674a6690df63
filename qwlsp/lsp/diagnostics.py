"""Findings as the editor shows them: diagnostics that move with the text, and their quick fixes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from qwlsp.answers import Report
from qwlsp.bugs.finding import BY_MODEL, Finding, begins_in, explained, merged
from qwlsp.bugs.tracking import moved, place_now
from qwlsp.documents import Change, Snapshot
from qwlsp.edits import Edit
from qwlsp.errors import BadRequest
from qwlsp.lsp import convert
from qwlsp.lsp.start import DISMISS
from qwlsp.text import Span, Text

if TYPE_CHECKING:
    from qwlsp.lsp.session import Session

SOURCE = "qwlsp"
SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
}


class Diagnostics:
    """The findings of the open buffers."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[str, list[Finding]] = {}

    def show(self, uri: str, report: Report, scope: Span) -> None:
        """Take over what was found in a buffer, in place of what was known of `scope`, which is
        that of the text in the report."""
        snapshot = self._session.documents.get(uri)
        findings = list(report.findings)
        if snapshot.text != report.text:
            whole = Span(0, len(report.text.data))
            size = len(snapshot.text.data)
            findings = moved(findings, whole, size, report.text, snapshot.text)
            scope = place_now(scope, report.text, snapshot.text)
        outside = [
            each for each in self._found.get(uri, ()) if not begins_in(each, scope, snapshot.text)
        ]
        self._found[uri] = merged(snapshot.text, [*outside, *findings])
        self._publish(snapshot)

    def changed(self, before: Snapshot, after: Snapshot, changes: Sequence[Change]) -> None:
        """Move the findings of a buffer along with its text."""
        findings = self._found.get(after.uri)
        if not findings:
            return
        text = before.text
        for change in changes:
            if change.range is None:
                span, new = Span(0, len(text.data)), Text.of(change.text)
            else:
                span = text.span(change.range, self._session.encoding)
                new = text.replace(span, change.text)
            inserted = len(new.data) - len(text.data) + span.end - span.start
            findings, text = moved(findings, span, inserted, text, new), new
        self._found[after.uri] = findings
        self._publish(after)

    def closed(self, uri: str) -> None:
        """Forget a buffer."""
        if self._found.pop(uri, None):
            self._send(uri, None, [])

    def at(self, uri: str, span: Span) -> list[Finding]:
        """The findings that `span` of a buffer touches."""
        found = self._found.get(uri, ())
        return [
            each for each in found if each.span.start <= span.end and span.start <= each.span.end
        ]

    def explanation(self, uri: str, offset: int) -> str | None:
        """What a hover says about the findings at a place, as Markdown."""
        found = self.at(uri, Span(offset, offset))
        return "\n\n---\n\n".join(map(explained, found)) or None

    def actions(self, snapshot: Snapshot, span: Span) -> list[types.CodeAction]:
        """Quick fixes for the findings that `span` touches, and the offer to dismiss them."""
        actions = []
        for finding in self.at(snapshot.uri, span):
            diagnostic = self._diagnostic(snapshot.text, finding)
            if finding.fix:
                actions.append(
                    types.CodeAction(
                        title=finding.fix_title,
                        kind=types.CodeActionKind.QuickFix,
                        diagnostics=[diagnostic],
                        edit=self._edit(snapshot, finding.fix),
                    )
                )
            title = f"Dismiss: {finding.message}"
            argument = {"uri": snapshot.uri, "range": diagnostic.range, "origin": finding.origin}
            command = types.Command(title, DISMISS, arguments=[argument])
            actions.append(
                types.CodeAction(
                    title=title,
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[diagnostic],
                    command=command,
                )
            )
        return actions

    def dismiss(self, uri: str, span: Span, origin: str) -> None:
        """Don't show a finding again until its code changes. Raises BadRequest if it is gone."""
        snapshot = self._session.documents.get(uri)
        found = self._found.get(uri, [])
        chosen = [each for each in found if each.span == span and each.origin == origin]
        if not chosen:
            raise BadRequest("There is no such finding any more.")
        scope = snapshot.scope_at(span)
        self._session.service.dismissed.dismiss(chosen[0], snapshot.text, scope)
        self._found[uri] = [each for each in found if each not in chosen]
        self._publish(snapshot)

    def _publish(self, snapshot: Snapshot) -> None:
        found = [self._diagnostic(snapshot.text, each) for each in self._found[snapshot.uri]]
        self._send(snapshot.uri, snapshot.version, found)

    def _send(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self._session.server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, diagnostics=found, version=version)
        )

    def _diagnostic(self, text: Text, finding: Finding) -> types.Diagnostic:
        origin = finding.origin.removeprefix("ruff:")
        data: dict[str, Any] = {"origin": finding.origin, "confidence": finding.confidence}
        return types.Diagnostic(
            range=convert.from_range(text.range(finding.span, self._session.encoding)),
            message=finding.message,
            severity=SEVERITIES[finding.severity],
            code=finding.kind if origin == BY_MODEL else origin,
            source=SOURCE,
            data=data,
        )

    def _edit(self, snapshot: Snapshot, fix: Sequence[Edit]) -> types.WorkspaceEdit:
        document = types.OptionalVersionedTextDocumentIdentifier(
            uri=snapshot.uri, version=snapshot.version
        )
        edits: list[types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit] = [
            types.TextEdit(
                convert.from_range(snapshot.text.range(edit.span, self._session.encoding)), edit.new
            )
            for edit in fix
        ]
        return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, edits)])
