"""Questions about code, what is heard while they are worked on, and answers: plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from qwlsp.bugs.finding import Finding
from qwlsp.checks.rewrites import Check
from qwlsp.context.prompt import Prompt
from qwlsp.documents import Snapshot
from qwlsp.text import Encoding, Range, Span, Text

Detail = Literal["brief", "full"]
Source = Literal["model", "rules", "structure"]
Action = Literal["explain", "ask", "make-async", "find-bug"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a person wants to know about a place in a snapshot.

    `file` is the path, or the URI of a buffer without one. `words` are those of a free question.
    `everywhere`: it is about the whole workspace. `with_callers`: callers are made async, too.
    `preview`: edits are shown and not made.
    `context_tokens` bounds the prompt. `use_cache` covers reading and writing of remembered
    answers, `fresh` only the reading. `continues` is an answer that was cut off and is to be gone
    on with, `follows` one that the question refers to.
    """

    snapshot: Snapshot
    span: Span
    file: str
    words: str = ""
    action: Action = "explain"
    everywhere: bool = False
    with_callers: bool = False
    preview: bool = False
    detail: Detail = "brief"
    context_tokens: int | None = None
    use_cache: bool = True
    fresh: bool = False
    continues: Answer | None = None
    follows: Answer | None = None


@dataclass(frozen=True)
class ReadingPrompt:
    """`read` of `total` prompt tokens have been read; the rest takes about `seconds_left`."""

    read: int
    total: int
    seconds_left: float = 0.0


@dataclass(frozen=True)
class Writing:
    """The answer so far, as Markdown fit to be shown; `tokens` have been written."""

    markdown: str
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What an answer cost. Seconds are from the request on, model loading included."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    output_tokens: int = 0
    first_token_seconds: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class ContextPiece:
    """Code that the model saw, or could not see. `lines`: 1-based, first and last; `name` is what
    is defined there."""

    path: str
    lines: tuple[int, int]
    role: str
    tokens: int
    name: str = ""


@dataclass(frozen=True)
class Turn:
    """A question as it was put to the model, and what it wrote; `tokens` are those of its answer,
    if they are known."""

    instruction: str
    written: str
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer. `range` covers `code`, what it is about, in UTF-16; `markdown` is sanitized;
    `written` is what the model wrote, as it wrote it, so that it can go on. `prompt` and `turns`
    are the chat that it ends, for questions that follow; a remembered answer has lost its prompt.
    """

    action: str
    file: str
    symbol: str
    range: Range
    source: Source
    markdown: str
    cached: bool = False
    truncated: bool = False
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    context: tuple[ContextPiece, ...] = ()
    left_out: tuple[ContextPiece, ...] = ()
    written: str = ""
    code: str = ""
    prompt: Prompt | None = None
    turns: tuple[Turn, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints and editors receive."""
        data = asdict(replace(self, prompt=None))
        for name in _NOT_SHOWN:
            del data[name]
        for piece in (*data["context"], *data["left_out"]):
            del piece["name"]
        return data


@dataclass(frozen=True)
class TextEdit:
    """`new_text` in place of `range`, in UTF-16, of a file."""

    file: str
    range: Range
    new_text: str


@dataclass(frozen=True)
class Decision:
    """What became of a call in a rewrite, and who said so; how likely a model found that."""

    file: str
    range: Range
    call: str
    choice: str
    by: Literal["rule", "model"]
    probability: float | None = None


@dataclass(frozen=True)
class Place:
    """A line, from 1, and what is defined there."""

    path: str
    line: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Rewrite(Answer):
    """Code that was changed. `edits` are none if a check failed; `texts` are the changed files as
    they were, which the edits are for. `callers` can't go on as they are."""

    edits: tuple[TextEdit, ...] = ()
    diff: str = ""
    decisions: tuple[Decision, ...] = ()
    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()
    callers: tuple[Place, ...] = ()
    texts: tuple[tuple[str, Text], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints and editors receive."""
        data = super(Rewrite, replace(self, texts=())).to_json()
        del data["texts"]
        return data


@dataclass(frozen=True, kw_only=True)
class Report(Answer):
    """What was found wrong in `text`."""

    findings: tuple[Finding, ...] = ()
    text: Text
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints and editors receive."""
        data = super(Report, replace(self, findings=(), text=Text.of(""))).to_json()
        del data["text"]
        return {**data, "findings": [self._shown(each) for each in self.findings]}

    def _shown(self, finding: Finding) -> dict[str, Any]:
        edits = [
            TextEdit(self.file, self.text.range(edit.span, Encoding.UTF16), edit.new)
            for edit in finding.fix or ()
        ]
        return {
            "range": asdict(self.text.range(finding.span, Encoding.UTF16)),
            "severity": finding.severity,
            "message": finding.message,
            "quote": finding.quote,
            "origin": finding.origin,
            "kind": finding.kind,
            "confidence": round(finding.confidence, 3),
            "fix": [asdict(edit) for edit in edits] or None,
        }


Update = ReadingPrompt | Writing | Answer


_KEPT = ("source", "markdown", "truncated", "model", "context", "left_out", "written", "turns")
_NOT_SHOWN = ("written", "code", "prompt", "turns")


def to_cache(answer: Answer) -> dict[str, Any]:
    """What is kept of an answer: all but where the code stood and what it cost."""
    data = asdict(replace(answer, prompt=None))
    return {name: data[name] for name in _KEPT}


def from_cache(data: dict[str, Any], blank: Answer) -> Answer:
    """The answer kept as `data`, about what `blank` is about now."""
    pieces = {
        name: tuple(ContextPiece(**piece) for piece in data[name])
        for name in ("context", "left_out")
    }
    turns = tuple(Turn(**{**turn, "tokens": tuple(turn["tokens"])}) for turn in data["turns"])
    kept = {name: data[name] for name in _KEPT}
    return replace(blank, **{**kept, **pieces, "turns": turns}, cached=True)
