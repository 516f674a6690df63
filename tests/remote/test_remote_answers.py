"""What becomes of a good stream, and what is sent to get one."""

from __future__ import annotations

import json

import pytest

from qwlsp.engine.messages import Done, Generate, Message, Piece, Reading
from tests.remote.asking import GREEDY, EngineFor, all_of, chat, done, text_of
from tests.remote.servers import (
    answer,
    delta,
    event,
    events,
    head,
    raw,
    serving,
    status,
    streamed,
)

# What comes back.


async def test_the_pieces_join_and_the_end_comes_last(engine_for: EngineFor) -> None:
    async with serving(answer("It ", "adds ", "größe 🍎.")) as server:
        found = await all_of(engine_for(server))
    assert text_of(found) == "It adds größe 🍎."
    assert isinstance(found[0], Reading)
    assert [each.text for each in found if isinstance(each, Piece)] == ["It ", "adds ", "größe 🍎."]
    assert done(found).finish == "stop"


async def test_the_tokens_are_those_that_the_server_has_counted(engine_for: EngineFor) -> None:
    async with serving(answer("a", "b", "c")) as server:
        last = done(await all_of(engine_for(server)))
    assert (last.prompt_tokens, last.reused_tokens, last.output_tokens) == (20, 12, 2)


@pytest.mark.parametrize("finish", ["stop", "length"])
async def test_how_it_ended(engine_for: EngineFor, finish: str) -> None:
    async with serving(answer("a", finish=finish)) as server:
        assert done(await all_of(engine_for(server))).finish == finish


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}, "many", [1]])
async def test_tokens_are_estimated_where_the_server_does_not_count(
    engine_for: EngineFor, usage: object
) -> None:
    async with serving(answer("a", "b", usage=usage)) as server:
        found = await all_of(engine_for(server))
    assert done(found).output_tokens == 2
    assert isinstance(found[0], Reading)
    assert done(found).prompt_tokens == found[0].total > 0
    assert done(found).reused_tokens == 0


async def test_an_answer_without_a_word(engine_for: EngineFor) -> None:
    async with serving(answer()) as server:
        found = await all_of(engine_for(server))
    assert text_of(found) == ""
    assert isinstance(found[-1], Done)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_a_stream_may_be_cut_into_packets_anywhere(engine_for: EngineFor, size: int) -> None:
    data = b"".join(events("größe ", "🍎"))
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    async with serving(streamed(*pieces)) as server:
        assert text_of(await all_of(engine_for(server))) == "größe 🍎"


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
async def test_comments_other_fields_and_both_newlines(
    engine_for: EngineFor, newline: bytes
) -> None:
    lines = [": ping", "event: message", "id: 7", "retry: 10", 'data:{"choices":[]}', ""]
    odd = "\n".join(lines).encode() + b"\n"
    data = (odd + b"".join(events("a", "b")) + odd).replace(b"\n", newline)
    async with serving(streamed(data)) as server:
        assert text_of(await all_of(engine_for(server))) == "ab"


async def test_a_body_that_ends_with_the_connection(engine_for: EngineFor) -> None:
    async with serving(raw(head(), *events("a", "b"))) as server:
        assert text_of(await all_of(engine_for(server))) == "ab"


async def test_the_end_may_go_without_saying_once_the_answer_is_finished(
    engine_for: EngineFor,
) -> None:
    async with serving(raw(head(), *events("a", done=False))) as server:
        assert text_of(await all_of(engine_for(server))) == "a"


@pytest.mark.parametrize(
    "kind", ["text/event-stream", "text/event-stream; charset=utf-8", "Text/Event-Stream"]
)
async def test_the_content_type_of_a_stream(engine_for: EngineFor, kind: str) -> None:
    async with serving(raw(head(200, kind), *events("a"))) as server:
        assert text_of(await all_of(engine_for(server))) == "a"


async def test_an_emoji_in_two_halves_never_leaves_half_a_character(engine_for: EngineFor) -> None:
    halves = [event(delta(half)) for half in ("\ud83c", "\udf4e")]
    async with serving(streamed(*halves, *events("!"))) as server:
        text = text_of(await all_of(engine_for(server)))
    text.encode()
    assert text.endswith("!")


# What is sent.


async def test_what_is_sent(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        await all_of(engine_for(server), "Why?", max_tokens=99)
        [models, asked] = server.requests
    assert (models.method, models.path) == ("GET", "/v1/models")
    assert (asked.method, asked.path) == ("POST", "/v1/chat/completions")
    body = asked.json
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why?"},
    ]
    assert (body["model"], body["stream"], body["max_tokens"]) == ("tiny", True, 99)
    assert body["temperature"] == 0
    assert "authorization" not in asked.headers


async def test_an_answer_that_goes_on_shows_where_it_stopped(engine_for: EngineFor) -> None:
    async with serving(answer(" and more")) as server:
        found = await all_of(engine_for(server), answer_start="It adds")
        turns = server.questions[0].json["messages"]
    assert text_of(found) == " and more"
    assert turns[2] == {"role": "assistant", "content": "It adds"}
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant", "user"]


async def test_text_that_is_no_unicode_is_sent_all_the_same(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        assert text_of(await all_of(engine_for(server), "half \ud83c an apple")) == "a"
        body = server.questions[0].body
    assert "half" in json.loads(body.decode())["messages"][1]["content"]


async def test_the_answer_and_the_prompt_fit_the_context_of_the_server(
    engine_for: EngineFor,
) -> None:
    models = status(200, json.dumps({"data": [{"id": "m", "max_model_len": 256}]}).encode())
    async with serving(answer("a"), models=models) as server:
        found = await all_of(engine_for(server), "x" * 120, max_tokens=4_000)
        assert isinstance(found[0], Reading)
        assert found[0].total + server.questions[0].json["max_tokens"] <= 256


# Nothing ahead.


async def test_reading_ahead_and_counting_send_no_code(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        engine = engine_for(server)
        ahead = [each async for each in engine.read_ahead([chat()], save_power=False)]
        assert isinstance(ahead[-1], Done)
        assert server.requests == []
        counted = await engine.count(["one", "two words"], roles=["user"], seconds=1.0)
        assert len(counted.tokens) == 2
        assert server.questions == []
    assert not engine.reads_ahead


async def test_counted_tokens_are_rather_too_many(engine_for: EngineFor) -> None:
    async with serving() as server:
        texts = ["", "def total(prices):", "größe 🍎", "\ud83c"]
        counted = await engine_for(server).count(texts, roles=["user"], seconds=1.0)
    assert counted.tokens[0] == 0
    assert all(tokens > 0 for tokens in counted.tokens[1:])
    assert counted.tokens[1] >= 4


async def test_of_richer_chats_the_richest_one_that_fits(engine_for: EngineFor) -> None:
    models = status(200, json.dumps({"data": [{"id": "m", "max_model_len": 512}]}).encode())
    async with serving(answer("a"), models=models) as server:
        engine = engine_for(server)
        richer: list[list[Message]] = [chat("x" * 5_000), chat("y" * 50), chat("z")]
        request = Generate(
            messages=chat("least"),
            sampling=GREEDY,
            max_tokens=8,
            richer=richer,
            wait_seconds=600,
        )
        found = [each async for each in engine.generate(request)]
        assert server.questions[0].json["messages"][1]["content"] == "y" * 50
    assert isinstance(found[0], Reading)
    assert found[0].chat == 1


async def test_a_piece_s_event_may_carry_more(engine_for: EngineFor) -> None:
    extra = delta("a", logprobs=None) | {"system_fingerprint": "fp", "timings": {"n": 1}}
    async with serving(streamed(event(extra), *events("b"))) as server:
        assert text_of(await all_of(engine_for(server))) == "ab"
