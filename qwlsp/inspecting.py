"""Finds bugs in some code: by ruff's rules, then with the model's eyes, then their fixes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from qwlsp.actions import asked, find_bug
from qwlsp.answer_language import answer_language
from qwlsp.answers import Question, ReadingPrompt, Update
from qwlsp.asking import Draft, Model, about
from qwlsp.bugs import fixing, looking
from qwlsp.bugs.dismissed import Dismissed
from qwlsp.bugs.finding import BY_MODEL, Finding, begins_in, merged
from qwlsp.bugs.looking import Window
from qwlsp.bugs.rules import SYNTAX_ERROR, found_by_rules
from qwlsp.checks.linter import LinterFailed
from qwlsp.engine.messages import Constraint, Generate, Message, Reading, Sampling
from qwlsp.errors import EngineError
from qwlsp.settings import Settings
from qwlsp.syntax.languages import PYTHON, language
from qwlsp.syntax.scopes import Scope

WINDOW_TOKENS = 2_000
"""Of code that the model looks at at once."""
BYTES_A_TOKEN = 3
"""Fewer than code has, so that a window is never longer than it seems."""
CHOICE_TOKENS = 8
"""One of two choices."""
ANSWER_TOKENS = 240
"""Three findings, none of them cut off."""
FIX_TOKENS = 200
MOST_FIXES = 3
"""Findings of one question that the model is asked to mend."""
ONLY_MODEL = "Only the model has looked."
NOBODY = "There is no model either: nothing was looked at."


@dataclass
class Inspection:
    """What has been found so far, and what it has cost."""

    question: Question
    scope: Scope
    settings: Settings
    model: Model | None
    findings: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def file(self) -> str:
        """What prompts call the file."""
        return Path(self.question.file).name


async def find_bugs(
    question: Question,
    scope: Scope,
    settings: Settings,
    model: Model | None,
    dismissed: Dismissed,
) -> AsyncGenerator[Update, None]:
    """Look for bugs; the Report comes last. Raises QwlspError."""
    work = Inspection(question, scope, settings, model)
    await asyncio.to_thread(_by_rules, work)
    if model is not None:
        async with aclosing(_by_model(work, model)) as updates:
            async for update in updates:
                yield update
    text = question.snapshot.text
    shown = [
        finding
        for finding in merged(text, work.findings)
        if not dismissed.is_dismissed(finding, text, question.snapshot.scope_at(finding.span))
    ]
    if model is not None:
        async with aclosing(_mended(work, model, shown)) as updates:
            async for update in updates:
                yield update
    yield find_bug.report(
        about(question, scope),
        shown,
        text,
        warnings=work.warnings,
        model=model.name if model is not None else None,
        usage=Draft.total(work.drafts, work.started),
    )


def _by_rules(work: Inspection) -> None:
    snapshot = work.question.snapshot
    chosen = work.settings.bugs.rules.replace(",", " ").split()
    if snapshot.read_as is not PYTHON or chosen == ["none"]:
        if work.model is None:
            why = "Rules are switched off." if chosen == ["none"] else "Rules are for Python only."
            work.warnings.append(f"{why} {NOBODY}")
        return
    try:
        found = found_by_rules(
            snapshot.text,
            path=work.question.file,
            rules=chosen or None,
            warn=work.warnings.append,
        )
    except LinterFailed as error:
        work.warnings.append(f"{error} {ONLY_MODEL if work.model else NOBODY}")
        return
    work.findings += [each for each in found if begins_in(each, work.scope.span, snapshot.text)]
    broken = next((each for each in found if each.origin == f"ruff:{SYNTAX_ERROR}"), None)
    if broken is not None and not work.findings:
        line = snapshot.text.line_of(broken.span.start) + 1
        work.warnings.append(f"Most rules can't look past the syntax error in line {line}.")


async def _by_model(work: Inspection, model: Model) -> AsyncGenerator[ReadingPrompt, None]:
    """Ask about one window after the other: is there a bug, and if that is likely, which."""
    limit = min(WINDOW_TOKENS, work.question.context_tokens or WINDOW_TOKENS)
    for window in looking.windows(
        work.scope, work.question.snapshot.text, max_tokens=limit, count=_most_tokens
    ):
        try:
            async with aclosing(_looked(work, model, window)) as updates:
                async for update in updates:
                    yield update
        except EngineError as error:  # what was found elsewhere is still true
            warning = f"The model could not look at everything: {error}"
            work.warnings += [] if warning in work.warnings else [warning]


async def _looked(
    work: Inspection, model: Model, window: Window
) -> AsyncGenerator[ReadingPrompt, None]:
    first = Draft("", work.started)
    answer = Constraint(kind="choices", value=list(looking.choices()))
    chat = _chat(work, window, looking.question(window))
    async with aclosing(_asked(work, model, chat, answer, CHOICE_TOKENS, first)) as updates:
        async for update in updates:
            yield update
    probability = (first.probabilities or {}).get(looking.BUG, 0.0)
    if probability < work.settings.bugs.min_confidence:
        return
    which = Draft("", work.started)
    form = Constraint(kind="json_schema", value=looking.schema(window))
    name = answer_language(work.settings.answers.language).name
    chat = _chat(work, window, looking.instruction(window, language=name))
    async with aclosing(_asked(work, model, chat, form, ANSWER_TOKENS, which)) as updates:
        async for update in updates:
            yield update
    work.findings += looking.read(
        which.written, window, work.question.snapshot.text, probability=probability
    )


def _most_tokens(code: str) -> int:
    return len(code.encode()) // BYTES_A_TOKEN + 1


async def _mended(
    work: Inspection, model: Model, findings: list[Finding]
) -> AsyncGenerator[ReadingPrompt, None]:
    """Ask for fixes of what the model has found, and keep those that are sound."""
    text = work.question.snapshot.text
    if work.question.snapshot.read_as is not PYTHON:
        return
    wanted = [
        index
        for index, each in enumerate(findings)
        if each.origin == BY_MODEL and fixing.can_be_fixed(each, text)
    ]
    for index in wanted[:MOST_FIXES]:
        draft = Draft("", work.started)
        form = Constraint(kind="regex", value=fixing.fix_regex())
        instruction = fixing.fix_instruction(findings[index], text)
        chat = [_system(work), Message(role="user", parts=[instruction])]
        with suppress(EngineError):  # such as an answer that does not end; it is no fix
            async with aclosing(_asked(work, model, chat, form, FIX_TOKENS, draft)) as updates:
                async for update in updates:
                    yield update
            findings[index] = await asyncio.to_thread(
                fixing.with_fix, findings[index], text, draft.written
            )


def _chat(work: Inspection, window: Window, instruction: str) -> list[Message]:
    fence = language(work.question.snapshot.language).fence
    shown = looking.shown(window, file=work.file, fence=fence)
    return [_system(work), Message(role="user", parts=[shown, instruction])]


def _system(work: Inspection) -> Message:
    text = asked.system(work.question, answer_language=work.settings.answers.language)
    return Message(role="system", parts=[text])


async def _asked(
    work: Inspection,
    model: Model,
    chat: Sequence[Message],
    form: Constraint,
    max_tokens: int,
    draft: Draft,
) -> AsyncGenerator[ReadingPrompt, None]:
    """Put a chat to the model and follow the answer, which `draft` then has. Raises EngineError,
    also where `max_tokens` are not enough for the form."""
    await model.admit(work.question.file)
    work.drafts.append(draft)
    request = Generate(
        messages=list(chat),
        sampling=Sampling(temperature=0),
        max_tokens=max_tokens,
        constraint=form,
    )
    async with aclosing(model.engine.generate(request)) as events:
        async for event in events:
            draft.add(event)
            if isinstance(event, Reading):
                yield ReadingPrompt(event.read, event.total, event.seconds_left)
