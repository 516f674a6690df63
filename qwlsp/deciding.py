"""Makes code async with the model's word on what is not known: one constrained choice a call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from tree_sitter import Node

from qwlsp import prompts
from qwlsp.actions import asked, make_async
from qwlsp.answers import Question, ReadingPrompt, Update
from qwlsp.asking import Draft, Model, about
from qwlsp.conversion.program import Function, Project
from qwlsp.conversion.rewriting import Choice
from qwlsp.conversion.table import Table
from qwlsp.engine.messages import Constraint, Generate, Message, Reading, Sampling
from qwlsp.settings import Settings
from qwlsp.syntax.quote import Code, node_text
from qwlsp.syntax.scopes import Scope

CHOICES: list[Choice] = ["await", "to_thread", "leave"]
SURE = 0.6
"""Likelihood from which on the model's word counts; what it is less sure of is left as it is."""
LONGEST_CODE = 12_000
"""Characters of the function that the model is shown."""


async def make_code_async(
    question: Question,
    scope: Scope,
    files: Project,
    table: Table,
    settings: Settings,
    model: Model | None,
) -> AsyncGenerator[Update, None]:
    """Plan, ask the model where that is needed, and check; the Rewrite comes last. Raises
    QwlspError."""
    started = time.monotonic()
    prepared = await asyncio.to_thread(
        make_async.prepare,
        question.file,
        question.snapshot,
        question.span,
        files,
        table,
        client=settings.edits.http_client,
        with_callers=question.with_callers,
    )
    choices: dict[int, tuple[Choice, float]] = {}
    drafts: list[Draft] = []
    for function, call in prepared.questions if model is not None else ():
        assert model is not None
        draft = Draft("", started)
        drafts.append(draft)
        chosen = _choose(model, question, settings, function, call, draft)
        async with aclosing(chosen) as updates:
            async for update in updates:
                if isinstance(update, ReadingPrompt):
                    yield update
                elif update[1] >= SURE:
                    choices[call.id] = update
    rewrite = await asyncio.to_thread(make_async.finish, prepared, about(question, scope), choices)
    yield replace(
        rewrite,
        model=model.name if model is not None and drafts else None,
        usage=Draft.total(drafts, started),
    )


async def _choose(
    model: Model,
    question: Question,
    settings: Settings,
    function: Function,
    call: Node,
    draft: Draft,
) -> AsyncGenerator[ReadingPrompt | tuple[Choice, float], None]:
    """What is to become of a call, and how likely that is right, after the reading."""
    await model.admit(question.file)
    request = Generate(
        messages=_messages(question, settings, function, call),
        sampling=Sampling(temperature=0),
        max_tokens=8,
        constraint=Constraint(kind="choices", value=list(CHOICES)),
    )
    async with aclosing(model.engine.generate(request)) as events:
        async for event in events:
            draft.add(event)
            if isinstance(event, Reading):
                yield ReadingPrompt(event.read, event.total, event.seconds_left)
    if draft.probabilities:
        likely = max(CHOICES, key=draft.probabilities.__getitem__)
        yield likely, draft.probabilities[likely]


def _messages(
    question: Question, settings: Settings, function: Function, call: Node
) -> list[Message]:
    """The function first, so that it is read once for all calls in it."""
    code = f"```python\n{node_text(function.node)[:LONGEST_CODE]}\n```\n\n"
    instruction = prompts.load("decide_call").substitute(
        function=function.name, call=Code.of(call).quote(call, 200)
    )
    system = asked.system(question, answer_language=settings.answers.language)
    return [
        Message(role="system", parts=[system]),
        Message(role="user", parts=[code, instruction]),
    ]
