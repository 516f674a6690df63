"""Questions that follow others: all that was said before stays in the prompt, and in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from qwlsp.answers import Answer, Question
from qwlsp.asking import Model
from qwlsp.cache import AnswerCache
from qwlsp.documents import Snapshot
from qwlsp.engine.messages import Message
from qwlsp.errors import PromptTooLong
from qwlsp.preparing import Prepared, Preparer
from qwlsp.service import Service
from qwlsp.settings import GenerationSettings, Settings
from qwlsp.text import Span, Text
from qwlsp.workspace.view import Workspace
from tests.engine.asking import HANGS, Engine

CODE = '''\
import tools


def helper(x):
    """Double it."""
    return x * 2


def main(items):
    """Add up what größe 🍎 says."""
    total = 0
    for item in items:
        total += helper(item) + tools.price(item)
    return total
'''
SETTINGS = Settings(generation=GenerationSettings(max_tokens=24, temperature=0.0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "tools.py").write_text("def price(item):\n    return item.net * 1.2\n")
    return tmp_path


@pytest.fixture
async def service(engine: Engine, tiny_model: Path, folder: Path) -> AsyncIterator[Service]:
    files = Workspace([folder], database=None, buffer=lambda path: None)
    cache = AnswerCache(folder / "answers.sqlite")
    model = Model(engine, Preparer(engine), engine.config)
    yield Service(SETTINGS, model=model, cache=cache, files=lambda: files)
    cache.close()


def about(folder: Path, words: str = "", code: str = CODE, **options: object) -> Question:
    path = str(folder / "main.py")
    snapshot = Snapshot(Path(path).as_uri(), 1, "python", Text.of(code))
    at = snapshot.text.data.index(b"def main")
    return Question(  # type: ignore[misc]
        snapshot=snapshot,
        span=Span(at, at),
        file=path,
        words=words,
        use_cache=False,
        **options,  # type: ignore[arg-type]
    )


async def answer(service: Service, question: Question) -> Answer:
    async def last() -> Answer:
        async with aclosing(service.answer(question)) as updates:
            *_, found = [update async for update in updates]
        assert isinstance(found, Answer)
        return found

    return await asyncio.wait_for(last(), HANGS)


async def prepared(service: Service, question: Question) -> Prepared:
    assert service.model is not None
    return (await service.model.preparer.prepare(service.asked(question)))[-1]


def parts(messages: list[Message]) -> list[tuple[str, list[str | list[int]]]]:
    return [(message.role, list(message.parts)) for message in messages]


# What is reused


async def test_each_question_in_a_row_reuses_all_of_the_ones_before(
    service: Service, folder: Path
) -> None:
    before = await answer(service, about(folder, "What is it for?"))
    for words in ("Why the loop?", "Was heißt größe 🍎?", "And then?"):
        following = await answer(service, about(folder, words, follows=before))
        spent = before.usage.prompt_tokens + before.usage.output_tokens
        assert following.usage.reused_tokens >= spent - 1
        assert following.usage.prompt_tokens > spent - 1
        before = following
    assert len(before.turns) == 4


async def test_a_question_that_follows_an_explanation(service: Service, folder: Path) -> None:
    explained = await answer(service, about(folder))
    asked = await answer(service, about(folder, "Why?", follows=explained))
    spent = explained.usage.prompt_tokens + explained.usage.output_tokens
    assert asked.usage.reused_tokens >= spent - 1


async def test_two_questions_that_follow_the_same_answer(service: Service, folder: Path) -> None:
    first = await answer(service, about(folder, "What?"))
    spent = first.usage.prompt_tokens + first.usage.output_tokens
    for words in ("Why?", "How?"):
        following = await answer(service, about(folder, words, follows=first))
        assert following.usage.reused_tokens >= spent - 1
        assert len(following.turns) == 2


async def test_an_answer_is_about_the_same_pieces_as_the_one_before(
    service: Service, folder: Path
) -> None:
    first = await answer(service, about(folder, "What?"))
    following = await answer(service, about(folder, "Why?", follows=first))
    assert following.context == first.context
    assert following.left_out == first.left_out
    assert following.prompt == first.prompt


# What is in the prompt


async def test_the_prompt_begins_with_the_chat_before(service: Service, folder: Path) -> None:
    first = await answer(service, about(folder, "What?"))
    second = await prepared(service, about(folder, "Why?", follows=first))
    chat = parts(second.messages())
    assert first.prompt is not None
    assert chat[:2] == [("system", [first.prompt.system]), ("user", list(first.prompt.parts))]
    assert chat[2] == ("assistant", [list(first.turns[0].tokens)])
    assert [role for role, _ in chat[3:]] == ["user"]
    assert "Why?" in str(chat[3][1])


async def test_the_oldest_questions_go_first(service: Service, folder: Path) -> None:
    last = await answer(service, about(folder, "Question 0?"))
    for n in range(1, 4):
        last = await answer(service, about(folder, f"Question {n}?", follows=last))
    full = await prepared(service, about(folder, "And?", follows=last))
    kept = []
    for budget in range(full.tokens + 10, full.tokens // 3, -25):
        question = about(folder, "And?", follows=last, context_tokens=budget)
        try:
            found = await prepared(service, question)
        except PromptTooLong:
            break
        assert found.tokens <= budget
        turns = found.asked.turns
        assert turns == last.turns[len(last.turns) - len(turns) :]
        kept.append(len(turns))
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == 4
    assert set(kept) > {4}


async def test_code_that_was_changed_is_shown_as_it_is_now(service: Service, folder: Path) -> None:
    first = await answer(service, about(folder, "What?"))
    changed = CODE.replace("total = 0", "total = 100")
    question = about(folder, "Why?", code=changed, follows=first)
    found = await prepared(service, question)
    assert "total = 100" in found.prompt.focus_text
    assert found.asked.turns == first.turns
    following = await answer(service, question)
    assert len(following.turns) == 2


async def test_a_remembered_answer_can_be_followed(service: Service, folder: Path) -> None:
    question = replace(about(folder, "What?"), use_cache=True)
    first = await answer(service, question)
    again = await answer(service, question)
    assert again.cached
    following = await answer(service, about(folder, "Why?", follows=again))
    assert following.turns[:1] == first.turns
    assert following.usage.reused_tokens > 0


async def test_the_tokens_of_another_model_are_not_used(service: Service, folder: Path) -> None:
    first = await answer(service, about(folder, "What?"))
    other = replace(first, model="another")
    found = await prepared(service, about(folder, "Why?", follows=other))
    assert [turn.tokens for turn in found.asked.turns] == [()]
    assert parts(found.messages())[2] == ("assistant", [first.written])
