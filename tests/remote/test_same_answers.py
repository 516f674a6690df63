"""The questions that a model of our own answers, put to llama-cpp-python's server with the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qwlsp.answers import Answer, Question, Report, Rewrite, Update, Writing
from qwlsp.cache import AnswerCache
from qwlsp.documents import Snapshot
from qwlsp.opening import open_model
from qwlsp.service import Service
from qwlsp.settings import BackendSettings, BugSettings, GenerationSettings, Settings
from qwlsp.text import Span, Text
from qwlsp.workspace.view import Workspace
from tests.contract import KEYS, check_explanation
from tests.model_server import ModelServer, model_server

pytestmark = pytest.mark.slow  # a model's server has to start

HANGS = 60
"""Seconds after which a test has failed: the server may have work left of a cancelled answer."""
CODE = '''\
import time


def nap(bed, prices):
    """Sleep, and count."""
    time.sleep(1)
    total = 0
    for index in range(len(prices) - 1):
        total += prices[index]
    return bed.unmake(total)
'''
UNDECIDED = "bed.unmake(total)"


@pytest.fixture(scope="module")
def server(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    with model_server(tiny_model, tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture
def settings(server: ModelServer) -> Settings:
    return Settings(
        backend=BackendSettings(kind="openai", base_url=server.base_url),
        generation=GenerationSettings(max_tokens=24, temperature=0),
        bugs=BugSettings(min_confidence=0),
    )


@pytest.fixture
async def service(settings: Settings, tmp_path: Path) -> AsyncIterator[Service]:
    (tmp_path / "nap.py").write_text(CODE)
    files = Workspace([tmp_path], database=None, buffer=lambda path: None)
    cache = AnswerCache(tmp_path / "answers.sqlite")
    model = open_model(settings)
    assert model is not None
    yield Service(settings, model=model, cache=cache, files=lambda: files)
    await model.engine.close()
    cache.close()


@pytest.fixture
def question(tmp_path: Path) -> Question:
    path = tmp_path / "nap.py"
    snapshot = Snapshot(path.as_uri(), 1, "python", Text.of(CODE))
    at = CODE.index("total = 0")
    return Question(snapshot=snapshot, span=Span(at, at), file=str(path), use_cache=False)


async def updates(service: Service, question: Question) -> list[Update]:
    async def collect() -> list[Update]:
        async with aclosing(service.answer(question)) as found:
            return [update async for update in found]

    return await asyncio.wait_for(collect(), HANGS)


async def answer(service: Service, question: Question) -> Answer:
    found = (await updates(service, question))[-1]
    assert isinstance(found, Answer)
    return found


def is_the_server_s(found: Answer, server: ModelServer) -> None:
    assert found.model is not None
    assert found.model.startswith("tiny at 127.0.0.1:")
    assert found.model.split(":")[1] in server.base_url
    assert found.usage.prompt_tokens > 0
    assert 0 < found.usage.first_token_seconds <= found.usage.seconds


async def test_explain(service: Service, question: Question, server: ModelServer) -> None:
    found = await answer(service, question)
    check_explanation(found.to_json())
    assert (found.source, found.symbol) == ("model", "nap")
    assert found.written
    is_the_server_s(found, server)
    assert 0 < found.usage.output_tokens <= 24


async def test_an_explanation_is_written_little_by_little(
    service: Service, question: Question
) -> None:
    found = await updates(service, question)
    assert [each for each in found if isinstance(each, Writing)]


async def test_a_remembered_answer(service: Service, question: Question) -> None:
    remembered = replace(question, use_cache=True)
    first = await answer(service, remembered)
    again = await answer(service, remembered)
    assert again.cached
    assert again.markdown == first.markdown


async def test_ask_and_a_question_that_follows(
    service: Service, question: Question, server: ModelServer
) -> None:
    first = await answer(service, replace(question, words="What is it?", action="ask"))
    check_explanation(first.to_json(), action="ask")
    second = await answer(service, replace(question, words="Why?", action="ask", follows=first))
    check_explanation(second.to_json(), action="ask")
    assert first.source == second.source == "model"
    assert [turn.written for turn in second.turns] == [first.written, second.written]
    assert second.usage.prompt_tokens > first.usage.prompt_tokens
    is_the_server_s(second, server)


async def test_an_answer_that_goes_on(service: Service, question: Question) -> None:
    first = await answer(service, question)
    longer = await answer(service, replace(question, continues=first))
    check_explanation(longer.to_json())
    assert longer.written.startswith(first.written)
    assert longer.usage.prompt_tokens > first.usage.prompt_tokens


async def test_make_async_with_a_call_that_is_put_to_the_model(
    service: Service, question: Question, server: ModelServer
) -> None:
    found = await answer(service, replace(question, action="make-async"))
    assert isinstance(found, Rewrite)
    _check_keys(found.to_json(), {"edits", "diff", "decisions", "checks", "warnings", "callers"})
    assert "await asyncio.sleep(1)" in found.diff
    assert all(check.passed for check in found.checks)
    choices = {each.call: each for each in found.decisions}
    assert choices["time.sleep(1)"].by == "rule"
    assert any(UNDECIDED.startswith(call.split("(")[0]) for call in choices)
    is_the_server_s(found, server)


async def test_find_bug(service: Service, question: Question, server: ModelServer) -> None:
    found = await answer(service, replace(question, action="find-bug"))
    assert isinstance(found, Report)
    data = found.to_json()
    _check_keys(data, {"findings", "warnings"})
    for each in data["findings"]:
        assert each["origin"] == "model" or each["origin"].startswith("ruff:")
        assert 0 <= each["confidence"] <= 1
    assert not [each for each in found.warnings if "could not look" in each], found.warnings
    is_the_server_s(found, server)


async def test_the_next_question_after_a_cancelled_one(
    service: Service, question: Question
) -> None:
    # Not longer: once a byte that begins no character is written, this server holds back all that
    # follows, in time that grows with the cube of its length, and looks at nothing else.
    long = replace(service.settings.generation, max_tokens=100, temperature=1.0)
    quick = service.settings
    service.settings = replace(quick, generation=long)
    begun = service.answer(replace(question, fresh=True))
    async for update in begun:
        if isinstance(update, Writing):
            break
    await begun.aclose()
    service.settings = quick
    check_explanation((await answer(service, question)).to_json())


async def test_several_at_once(service: Service, question: Question) -> None:
    words = ["What?", "Why?", "How?"]
    asked = [replace(question, words=each, action="ask") for each in words]
    found = await asyncio.gather(*(answer(service, each) for each in asked))
    assert [each.source for each in found] == ["model"] * 3


def _check_keys(data: dict[str, Any], more: set[str]) -> None:
    """Besides Markdown, what every answer has."""
    assert KEYS | more == set(data)
