"""Questions about code, what is heard while they are worked on, and answers: plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from qwlsp.documents import Snapshot
from qwlsp.text import Range, Span

Detail = Literal["brief", "full"]
Source = Literal["model", "rules", "structure"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a person wants to know about a place in a snapshot.

    `file` is the path, or the URI of a buffer without one. `context_tokens` bounds the prompt.
    `use_cache` covers reading and writing of remembered answers, `fresh` only the reading.
    `continues` is an answer that was cut off and is to be gone on with.
    """

    snapshot: Snapshot
    span: Span
    file: str
    detail: Detail = "brief"
    context_tokens: int | None = None
    use_cache: bool = True
    fresh: bool = False
    continues: Answer | None = None


@dataclass(frozen=True)
class ReadingPrompt:
    """`read` of `total` prompt tokens have been read."""

    read: int
    total: int


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
    """Code that the model saw, or could not see. `lines`: 1-based, first and last."""

    path: str
    lines: tuple[int, int]
    role: str
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An explanation. `range` covers the code it is about, in UTF-16; `markdown` is sanitized;
    `written` is what the model wrote, as it wrote it, so that it can go on."""

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

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints and editors receive."""
        data = asdict(self)
        del data["written"]
        return data


Update = ReadingPrompt | Writing | Answer


_KEPT = ("source", "markdown", "truncated", "model", "context", "left_out", "written")


def to_cache(answer: Answer) -> dict[str, Any]:
    """What is kept of an answer: all but where the code stood and what it cost."""
    data = asdict(answer)
    return {name: data[name] for name in _KEPT}


def from_cache(data: dict[str, Any], blank: Answer) -> Answer:
    """The answer kept as `data`, about what `blank` is about now."""
    pieces = {
        name: tuple(ContextPiece(**piece) for piece in data[name])
        for name in ("context", "left_out")
    }
    return replace(blank, **{**data, **pieces}, cached=True)
