"""Puts one question to the model and follows the answer to its end.

Stops an answer that only repeats itself, and counts what it all cost.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from qwlsp.actions import shown
from qwlsp.answers import Answer, Question, ReadingPrompt, Turn, Update, Usage, Writing
from qwlsp.engine.interface import Engine
from qwlsp.engine.messages import Done, EngineConfig, Event, Generate, Piece, Reading, Sampling
from qwlsp.guards import repeats
from qwlsp.preparing import Prepared, Preparer
from qwlsp.remote.server import ServerConfig
from qwlsp.settings import Settings
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Encoding

Permit = Callable[[ServerConfig, str], Awaitable[None]]

DISPLAY_INTERVAL = 0.05
"""Seconds between two renderings of a growing answer: nobody reads faster."""


@dataclass(frozen=True)
class Model:
    """An engine, what prepares its prompts, and the settings that it was made from."""

    engine: Engine
    preparer: Preparer
    config: EngineConfig | ServerConfig
    permit: Permit | None = None
    """Asks the person whether what stands in a file may go to a server. Raises EngineError where
    it may not."""

    async def admit(self, file: str) -> None:
        """To be awaited before the engine is asked anything about `file`. Raises EngineError."""
        if self.permit is not None and isinstance(self.config, ServerConfig):
            await self.permit(self.config, file)
            if not self.config.model:
                await self.engine.start()  # only the server knows which model it is

    @property
    def name(self) -> str:
        """What answers and editors call it."""
        return self.engine.name


@dataclass
class Draft:
    """An answer in the making, and what it has cost so far."""

    written: str
    started: float
    first_token: float | None = None
    chat: int | None = None
    prompt_tokens: int = 0
    reused_tokens: int = 0
    output_tokens: int = 0
    tokens: tuple[int, ...] = ()
    finish: str = ""
    probabilities: dict[str, float] | None = None

    def add(self, event: Event) -> None:
        """Take in what the engine reports."""
        if isinstance(event, Reading):
            self.chat = event.chat if event.part_tokens is not None else self.chat
            self.prompt_tokens, self.reused_tokens = event.total, event.reused
        elif isinstance(event, Piece):
            self.first_token = self.first_token or time.monotonic()
            self.written += event.text
            self.output_tokens = event.tokens
        elif isinstance(event, Done):
            self.finish, self.output_tokens = event.finish, event.output_tokens
            self.probabilities = event.probabilities
            self.tokens = tuple(event.written or ())

    @staticmethod
    def total(drafts: Sequence[Draft], started: float) -> Usage:
        """The costs of several, one after another."""
        used = [draft.usage() for draft in drafts]
        return Usage(
            prompt_tokens=sum(each.prompt_tokens for each in used),
            reused_tokens=sum(each.reused_tokens for each in used),
            output_tokens=sum(each.output_tokens for each in used),
            first_token_seconds=used[0].first_token_seconds if used else 0.0,
            seconds=round(time.monotonic() - started, 4),
        )

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


@dataclass(frozen=True)
class Choice:
    """The prompts that a question may be asked with, the richest first, and the model to ask."""

    prompts: Sequence[Prepared]
    model: Model
    started: float = field(default_factory=time.monotonic)

    def chosen(self, chat: int | None) -> Prepared:
        """The prompt that the engine took."""
        return self.prompts[-1 if chat is None else chat]


async def ask(choice: Choice, settings: Settings) -> AsyncGenerator[Update, None]:
    """Put a prompt to the model and follow the answer; the Answer comes last. Raises QwlspError,
    PromptTooLong where the prompt does not fit."""
    *richer, quick = choice.prompts
    question = quick.asked.question
    draft = Draft(question.continues.written if question.continues else "", choice.started)
    request = Generate(
        messages=quick.messages(),
        richer=[each.messages() for each in richer],
        wait_seconds=settings.latency.max_wait_seconds,
        answer_start=draft.written,
        sampling=_sampling(settings, fresh=question.fresh),
        max_tokens=settings.generation.max_tokens,
        context_tokens=question.context_tokens,
    )
    last_shown = 0.0
    async with aclosing(choice.model.engine.generate(request)) as events:
        async for event in events:
            draft.add(event)
            if isinstance(event, Reading):
                yield ReadingPrompt(event.read, event.total, event.seconds_left)
            elif isinstance(event, Piece):
                if (start := repeats(draft.written)) is not None:
                    draft.written, draft.finish = draft.written[:start], "stop"
                    break
                if time.monotonic() - last_shown >= DISPLAY_INTERVAL:
                    prepared = choice.chosen(draft.chat)
                    markdown = shown.unfinished(
                        draft.written, code=prepared.prompt.code, read=prepared.read
                    )
                    yield Writing(markdown, draft.output_tokens)
                    last_shown = time.monotonic()
    yield _answer(choice.chosen(draft.chat), draft, model=choice.model)


def _answer(prepared: Prepared, draft: Draft, *, model: Model) -> Answer:
    asked = prepared.asked
    truncated = draft.finish == "length"
    context, left_out = prepared.context, prepared.left_out
    markdown = shown.finished(
        draft.written, code=prepared.prompt.code, read=prepared.read, places=context
    )
    cut_off_after = draft.output_tokens if truncated else None
    notes = shown.notes(context, left_out, cut_off_after=cut_off_after, place=model.engine.place)
    turn = Turn(asked.instruction, draft.written, draft.tokens)
    return replace(
        about(asked.question, asked.scope),
        source="model",
        markdown=markdown + notes,
        truncated=truncated,
        model=model.name,
        usage=draft.usage(),
        context=context,
        left_out=left_out,
        written=draft.written,
        prompt=prepared.prompt,
        turns=(*asked.turns, turn),
    )


def about(question: Question, scope: Scope) -> Answer:
    """An answer that has no words yet."""
    return Answer(
        action=question.action,
        file=question.file,
        symbol=scope.qualified_name,
        range=question.snapshot.text.range(scope.span, Encoding.UTF16),
        source="structure",
        markdown="",
        code=question.snapshot.text.slice(scope.span),
    )


def _sampling(settings: Settings, *, fresh: bool) -> Sampling:
    generation = settings.generation
    return Sampling(
        temperature=generation.temperature,
        top_p=generation.top_p,
        # Asked again, the same seed would only say the same again.
        seed=secrets.randbits(32) if fresh else generation.seed,
    )
