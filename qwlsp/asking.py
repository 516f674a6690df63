"""Puts one question to the model and follows the answer to its end.

Cuts the code where the prompt does not fit, stops an answer that only repeats itself, and counts
what it all cost.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path

from qwlsp.actions import explain
from qwlsp.answers import Answer, ContextPiece, Question, ReadingPrompt, Update, Usage, Writing
from qwlsp.context.prompt import Focus, Prompt, focus_of
from qwlsp.engine.client import EngineClient
from qwlsp.engine.messages import Done, Event, Message, Piece, Reading, Sampling
from qwlsp.errors import PromptTooLong
from qwlsp.guards import repeats
from qwlsp.settings import Settings
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Encoding

DISPLAY_INTERVAL = 0.05
"""Seconds between two renderings of a growing answer: nobody reads faster."""
SHORTENINGS = 5
"""Times that code is cut before a prompt counts as impossible."""
CODE_PART = 1
"""Where the code stands among the prompt's parts."""


@dataclass(frozen=True)
class Model:
    """A model file and the engine that runs it."""

    path: Path
    engine: EngineClient

    @property
    def name(self) -> str:
        """What answers and editors call it."""
        return self.path.stem


@dataclass(frozen=True)
class Asked:
    """A question, the code it is about, and the prompt made of both."""

    question: Question
    scope: Scope
    focus: Focus
    prompt: Prompt

    @classmethod
    def about(
        cls, question: Question, scope: Scope, settings: Settings, *, max_bytes: int | None = None
    ) -> Asked:
        """Make the prompt, with at most `max_bytes` of code."""
        focus = focus_of(scope, question.snapshot.text, max_bytes=max_bytes)
        language = settings.answers.language
        prompt = explain.prompt(
            scope,
            focus,
            path=Path(question.file).name,
            detail=question.detail,
            language="English" if language == "auto" else language,
        )
        return cls(question, scope, focus, prompt)

    def messages(self) -> list[Message]:
        """The chat. The code's part comes first in its turn: it stays when the rest changes."""
        return [
            Message(role="system", parts=[self.prompt.system]),
            Message(role="user", parts=[self.prompt.code, self.prompt.instruction]),
        ]


@dataclass
class Draft:
    """An answer in the making, and what it has cost so far."""

    written: str
    started: float
    first_token: float | None = None
    part_tokens: list[int] = field(default_factory=list)
    prompt_tokens: int = 0
    reused_tokens: int = 0
    output_tokens: int = 0
    finish: str = ""

    def add(self, event: Event) -> None:
        """Take in what the engine reports."""
        if isinstance(event, Reading):
            self.part_tokens = event.part_tokens or self.part_tokens
            self.prompt_tokens, self.reused_tokens = event.total, event.reused
        elif isinstance(event, Piece):
            self.first_token = self.first_token or time.monotonic()
            self.written += event.text
            self.output_tokens = event.tokens
        elif isinstance(event, Done):
            self.finish, self.output_tokens = event.finish, event.output_tokens

    def usage(self) -> Usage:
        """The costs until now."""
        now = time.monotonic()
        return Usage(
            prompt_tokens=self.prompt_tokens,
            reused_tokens=self.reused_tokens,
            output_tokens=self.output_tokens,
            first_token_seconds=round((self.first_token or now) - self.started, 4),
            seconds=round(now - self.started, 4),
        )


async def ask(asked: Asked, *, model: Model, settings: Settings) -> AsyncGenerator[Update, None]:
    """Put a prompt to the model, with less of the code where it does not fit, and follow the
    answer; the Answer comes last. Raises QwlspError, PromptTooLong where even the smallest piece
    of the code does not fit."""
    started = time.monotonic()
    whole_tokens = 0
    for attempt in range(SHORTENINGS + 1):
        try:
            async with aclosing(_write(asked, model, settings, started, whole_tokens)) as updates:
                async for update in updates:
                    yield update
            return
        except PromptTooLong as error:
            whole_tokens = whole_tokens or error.tokens
            # A tenth less than would fit if all tokens were equally long.
            max_bytes = int(_size(asked) * 0.9 * error.limit / error.tokens)
            shorter = Asked.about(asked.question, asked.scope, settings, max_bytes=max_bytes)
            if attempt == SHORTENINGS or shorter.focus == asked.focus:
                raise
            asked = shorter


def _size(asked: Asked) -> int:
    """Bytes of the code that was asked about, without the line that says what was left out."""
    text = asked.question.snapshot.text
    first, last = (line - 1 for line in asked.focus.lines)
    return text.line_span(last).end - text.line_span(first).start


async def _write(
    asked: Asked, model: Model, settings: Settings, started: float, whole_tokens: int
) -> AsyncGenerator[Update, None]:
    question = asked.question
    draft = Draft(question.continues.written if question.continues else "", started)
    events = model.engine.generate(
        asked.messages(),
        answer_start=draft.written,
        sampling=_sampling(settings, fresh=question.fresh),
        max_tokens=settings.generation.max_tokens,
        context_tokens=question.context_tokens,
    )
    shown = 0.0
    async with aclosing(events):
        async for event in events:
            draft.add(event)
            if isinstance(event, Reading):
                yield ReadingPrompt(event.read, event.total)
            elif isinstance(event, Piece):
                if (start := repeats(draft.written)) is not None:
                    draft.written, draft.finish = draft.written[:start], "stop"
                    break
                if time.monotonic() - shown >= DISPLAY_INTERVAL:
                    markdown = explain.show(draft.written, asked.prompt, final=False)
                    yield Writing(markdown, draft.output_tokens)
                    shown = time.monotonic()
    yield _answer(asked, draft, model=model, whole_tokens=whole_tokens)


def _answer(asked: Asked, draft: Draft, *, model: Model, whole_tokens: int) -> Answer:
    question, focus = asked.question, asked.focus
    markdown = explain.show(draft.written, asked.prompt, final=True)
    truncated = draft.finish == "length"
    if truncated:
        markdown += explain.cut_off(draft.output_tokens)
    code_tokens = draft.part_tokens[CODE_PART] if draft.part_tokens else 0
    context = [ContextPiece(question.file, focus.lines, "focus", code_tokens)]
    left_out = []
    if focus.left_out:
        markdown += explain.not_seen(focus.left_out)
        missing = whole_tokens - draft.prompt_tokens
        left_out.append(ContextPiece(question.file, focus.left_out, "focus", missing))
    return replace(
        about(question, asked.scope),
        source="model",
        markdown=markdown,
        truncated=truncated,
        model=model.name,
        usage=draft.usage(),
        context=tuple(context),
        left_out=tuple(left_out),
        written=draft.written,
    )


def about(question: Question, scope: Scope) -> Answer:
    """An answer that has no words yet."""
    return Answer(
        action=explain.NAME,
        file=question.file,
        symbol=scope.qualified_name,
        range=question.snapshot.text.range(scope.span, Encoding.UTF16),
        source="structure",
        markdown="",
    )


def _sampling(settings: Settings, *, fresh: bool) -> Sampling:
    generation = settings.generation
    return Sampling(
        temperature=generation.temperature,
        top_p=generation.top_p,
        # Asked again, the same seed would only say the same again.
        seed=secrets.randbits(32) if fresh else generation.seed,
    )
