"""Cancelled, closed, retired, asked by many at once; and nothing sent without permission."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest

from qwlsp.engine.messages import Event, Generate, Piece, Reading
from qwlsp.errors import EngineError, PromptTooLong
from qwlsp.remote.engine import RemoteEngine
from tests.remote.asking import (
    GREEDY,
    HANGS,
    EngineFor,
    all_of,
    chat,
    check_sentence,
    first_piece,
    sentence,
    text_of,
)
from tests.remote.servers import (
    MODELS,
    Exchange,
    Reply,
    answer,
    chunk,
    delta,
    event,
    events,
    head,
    serving,
    silent,
    status,
)

BEGUN = silent(head(transfer_encoding="chunked"), chunk(event(delta("so far"))))
"""An answer that has begun, and goes on some other time."""


def started(engine: RemoteEngine) -> AsyncGenerator[Event, None]:
    return engine.generate(Generate(messages=chat(), sampling=GREEDY, max_tokens=64))


def halted(go_on: asyncio.Event) -> Reply:
    """An answer whose second half waits for a word."""

    async def reply(exchange: Exchange) -> None:
        first, *rest = events("so far", ", so good", done=True)[1:]
        await exchange.send(head(transfer_encoding="chunked") + chunk(first))
        await go_on.wait()
        for each in rest:
            await exchange.send(chunk(each))
        await exchange.send(chunk(b""))

    return reply


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), HANGS)


# Cancelled.


async def test_closing_the_iterator_closes_the_connection(engine_for: EngineFor) -> None:
    async with serving(BEGUN) as server:
        answers = started(engine_for(server))
        assert (await first_piece(answers)).text == "so far"
        assert not server.exchanges[-1].left.is_set()
        await answers.aclose()
        await soon(server.exchanges[-1].left)


@pytest.mark.parametrize("reply", [silent(), silent(head()), BEGUN])
async def test_a_cancelled_task_closes_the_connection(engine_for: EngineFor, reply: Reply) -> None:
    async with serving(reply) as server:
        engine = engine_for(server)
        await engine.start()
        server.news.clear()
        task = asyncio.create_task(all_of(engine))
        await soon(server.news)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await soon(server.exchanges[-1].left)


async def test_cancelled_before_anything_was_sent(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        answers = started(engine_for(server))
        assert isinstance(await answers.__anext__(), Reading)
        await answers.aclose()
        assert server.questions == []


async def test_the_next_question_after_a_cancelled_one(engine_for: EngineFor) -> None:
    async with serving(BEGUN, answer("a")) as server:
        engine = engine_for(server)
        answers = started(engine)
        await first_piece(answers)
        await answers.aclose()
        assert text_of(await all_of(engine)) == "a"


async def test_cancelled_while_the_models_are_listed(engine_for: EngineFor) -> None:
    async with serving(answer("a"), models=silent()) as server:
        engine = engine_for(server)
        task = asyncio.create_task(all_of(engine))
        await soon(server.news)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await soon(server.exchanges[-1].left)
        server.models = None
        assert text_of(await all_of(engine)) == "a"


# Closed and retired.


async def test_a_closed_engine_begins_anew(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        engine = engine_for(server)
        await all_of(engine)
        await engine.close()
        await engine.close()
        assert text_of(await all_of(engine)) == "a"


async def test_closed_in_the_middle_of_an_answer(engine_for: EngineFor) -> None:
    async with serving(BEGUN) as server:
        engine = engine_for(server)
        answers = started(engine)
        await first_piece(answers)
        await engine.close()
        with pytest.raises(EngineError) as error:
            await asyncio.wait_for(anext(answers), HANGS)
        check_sentence(str(error.value))
        await soon(server.exchanges[-1].left)


async def test_closed_between_the_prompt_and_the_question(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        engine = engine_for(server)
        answers = started(engine)
        assert isinstance(await anext(answers), Reading)
        await engine.close()
        with pytest.raises(EngineError) as error:
            await anext(answers)
        check_sentence(str(error.value))


async def test_closed_while_a_busy_server_is_waited_for(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(status(503, b'{"error": "Later."}'), answer("a")) as server:
        engine = engine_for(server)

        async def close(_seconds: float) -> None:
            await engine.close()

        monkeypatch.setattr("qwlsp.remote.transport.asyncio.sleep", close)
        await sentence(engine)


async def test_a_retired_engine_ends_its_answers(engine_for: EngineFor) -> None:
    go_on = asyncio.Event()
    async with serving(halted(go_on)) as server:
        engine = engine_for(server)
        answers = started(engine)
        text = (await first_piece(answers)).text
        engine.retire()
        await asyncio.sleep(0)
        assert not server.exchanges[-1].left.is_set()
        go_on.set()
        text += text_of([each async for each in answers])
        assert text == "so far, so good"
        await soon(server.exchanges[-1].left)


async def test_an_idle_engine_is_retired_at_once(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        engine = engine_for(server)
        await all_of(engine)
        engine.retire()
        await soon(server.exchanges[-1].left)


async def test_retired_before_it_was_ever_used(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        engine = engine_for(server)
        engine.retire()
        assert text_of(await all_of(engine)) == "a"
        await soon(server.exchanges[-1].left)


# Many at once.


async def test_twenty_questions_at_once(engine_for: EngineFor) -> None:
    async def echo(exchange: Exchange) -> None:
        words = exchange.request.json["messages"][-1]["content"]
        await answer(words)(exchange)

    async with serving(echo) as server:
        engine = engine_for(server)
        asked = [f"Question {n}?" for n in range(20)]
        found = await asyncio.gather(*(all_of(engine, words) for words in asked))
        assert [text_of(each) for each in found] == asked
        assert [each.path for each in server.requests].count("/v1/models") == 1


async def test_one_that_fails_leaves_the_others_alone(engine_for: EngineFor) -> None:
    go_on = asyncio.Event()
    async with serving(halted(go_on), status(404, b'{"error": "No."}')) as server:
        engine = engine_for(server)
        answers = started(engine)
        text = (await first_piece(answers)).text
        await sentence(engine)
        go_on.set()
        assert text + text_of([each async for each in answers]) == "so far, so good"


# Models.


def listed(*models: object) -> Reply:
    return status(200, json.dumps({"object": "list", "data": models}).encode())


async def model_of(engine_for: EngineFor, models: Reply) -> str:
    async with serving(answer("a"), models=models) as server:
        await all_of(engine_for(server))
        model: str = server.questions[0].json["model"]
        return model


@pytest.mark.parametrize(
    "odd",
    [None, 7, "a", [], {}, {"id": None}, {"id": 7}, {"id": ""}, {"id": "a\nb"}, {"id": ["a"]}],
)
async def test_the_first_model_that_has_a_name(engine_for: EngineFor, odd: object) -> None:
    models = listed(odd, {"id": "first"}, {"id": "second"})
    assert await model_of(engine_for, models) == "first"


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": []}',
        b'{"data": null}',
        b'{"data": [null, 7]}',
        b'{"data": [{"id": null}]}',
        b'{"data": [{"name": "a"}]}',
    ],
)
async def test_a_server_without_models(engine_for: EngineFor, body: bytes) -> None:
    async with serving(answer("a"), models=status(200, body)) as server:
        assert "offers no model" in await sentence(engine_for(server))
        assert server.questions == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"7",
        b"[]",
        b'["a"]',
        b"{}",
        b'{"data": 7}',
        b'{"data": "abc"}',
        b'{"data": {"id": "a"}}',
        b"[" * 100_000,
        b'{"data":' * 1_000,
        b"\xff\xfe\x00",
        b"<html>",
    ],
)
async def test_a_list_of_models_that_is_none(engine_for: EngineFor, body: bytes) -> None:
    async with serving(answer("a"), models=status(200, body)) as server:
        assert "OpenAI-compatible" in await sentence(engine_for(server))
        assert server.questions == []


async def test_the_model_that_was_asked_for_need_not_be_listed(engine_for: EngineFor) -> None:
    async with serving(answer("a"), models=listed()) as server:
        engine = engine_for(server, model="mine")
        await all_of(engine)
        assert server.questions[0].json["model"] == "mine"
        assert engine.name.startswith("mine at 127.0.0.1")


@pytest.mark.parametrize(
    "model",
    [
        {"max_model_len": 600},
        {"meta": {"n_ctx": 600}},
        {"max_model_len": 600, "meta": 7},
        {"max_model_len": 600, "meta": {"n_ctx": True}},
        {"max_model_len": 600, "meta": {"n_ctx": -1}},
    ],
)
async def test_the_context_is_the_server_s(engine_for: EngineFor, model: dict[str, object]) -> None:
    async with serving(answer("a"), models=listed({"id": "m", **model})) as server:
        engine = engine_for(server)
        counted = await engine.count(["a"], roles=["user"], seconds=1.0)
        assert counted.context_length == 600
        with pytest.raises(PromptTooLong):
            await all_of(engine, "long " * 1_000)
        assert server.questions == []


@pytest.mark.parametrize("length", [None, 0, -5, 10**30, True, "600", 1.5, [600]])
async def test_otherwise_it_is_that_of_the_settings(engine_for: EngineFor, length: object) -> None:
    models = listed({"id": "m", "max_model_len": length})
    async with serving(models=models) as server:
        engine = engine_for(server, context_size=2_048)
        counted = await engine.count(["a"], roles=["user"], seconds=1.0)
    assert counted.context_length == 2_048


async def test_the_name_says_where_the_model_is(engine_for: EngineFor) -> None:
    async with serving(answer("a"), models=status(200, json.dumps(MODELS).encode())) as server:
        engine = engine_for(server)
        found = await all_of(engine)
        assert engine.name == f"tiny at 127.0.0.1:{server.port}"
    assert [each for each in found if isinstance(each, Piece)]
    assert engine.place == ""
