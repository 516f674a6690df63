"""Streams that break off, never end, fall silent, or say what nobody can make sense of."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from qwlsp.engine.messages import Generate
from qwlsp.errors import EngineError
from tests.remote.asking import GREEDY, EngineFor, all_of, chat, done, sentence, text_of
from tests.remote.servers import (
    Reply,
    answer,
    chunk,
    delta,
    endless,
    event,
    events,
    head,
    raw,
    scored,
    serving,
    silent,
    streamed,
)

SHORT = 0.3
"""Seconds of patience with a server that says nothing."""
CHUNKED = head(transfer_encoding="chunked")


# Cut off.


@pytest.mark.parametrize(
    "reply",
    [
        raw(),
        raw(b"HTTP/1.1 200 O"),
        raw(head()),
        raw(head(), *events("a", finish=None, usage=None, done=False)),
        raw(head(), event(delta("a")), b'data: {"choices": [{"del'),
        raw(head(), event(delta("a")), "data: größe".encode()[:-4]),
        raw(CHUNKED, chunk(event(delta("a"))), b"4"),
        raw(CHUNKED, chunk(event(delta("a"))), b"40\r\ndata:"),
        raw(CHUNKED, chunk(event(delta("a")))),
        raw(CHUNKED, chunk(event(delta("a"))), b"no number\r\n"),
        raw(head(content_length="10000"), event(delta("a"))),
        raw(b"garbage\r\n\r\n" * 10),
        raw(b"\x00\xff" * 1_000),
        raw(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
        raw(b"HTTP/1.1 99999 What\r\n\r\n"),
    ],
)
async def test_a_stream_that_is_cut(engine_for: EngineFor, reply: Reply) -> None:
    async with serving(reply) as server:
        assert "127.0.0.1" in await sentence(engine_for(server))


async def test_what_came_before_the_cut_has_been_seen(engine_for: EngineFor) -> None:
    async with serving(raw(head(), event(delta("so ")), event(delta("far")))) as server:
        seen = []
        with pytest.raises(EngineError, match="broke off"):
            request = Generate(messages=chat(), sampling=GREEDY, max_tokens=8)
            async for each in engine_for(server).generate(request):
                seen.append(each)
    assert text_of(seen) == "so far"


async def test_invalid_utf_8_becomes_what_stands_for_it(engine_for: EngineFor) -> None:
    broken = b'data: {"choices":[{"delta":{"content":"gr\xff\xf0e"}}]}\n\n'
    async with serving(streamed(broken, *events("!"))) as server:
        text = text_of(await all_of(engine_for(server)))
    assert text.startswith("gr\N{REPLACEMENT CHARACTER}")
    assert text.endswith("e!")


# Without end.


async def test_an_answer_that_never_ends(engine_for: EngineFor) -> None:
    async with serving(endless(event(delta("more " * 10)))) as server:
        found = await all_of(engine_for(server), max_tokens=8)
        await server.exchanges[-1].left.wait()
    assert done(found).finish == "length"
    assert len(text_of(found)) < 10_000


@pytest.mark.parametrize(
    "said",
    [
        event(delta("")),
        event(delta(None)),
        event({"choices": []}),
        event({}),
        b": still here\n\n",
        b"\n",
        b"event: ping\n",
        b"retry: 1\r\n",
    ],
)
async def test_a_server_that_speaks_but_says_nothing(engine_for: EngineFor, said: bytes) -> None:
    async with serving(endless(said)) as server:
        told = await sentence(engine_for(server, timeout=SHORT))
        await server.exchanges[-1].left.wait()
    assert "0.3 seconds" in told


async def test_scores_without_an_answer(engine_for: EngineFor) -> None:
    said = delta("", logprobs={"content": [scored("a", [("a", -1)])] * 20})
    async with serving(endless(event(said))) as server:
        await sentence(engine_for(server, timeout=SHORT))


@pytest.mark.parametrize("begin", [b"", b"data: ", b": "])
async def test_a_line_without_end(engine_for: EngineFor, begin: bytes) -> None:
    async with serving(endless(b"x" * 65_536, first=head() + begin)) as server:
        assert "without end" in await sentence(engine_for(server))
        await server.exchanges[-1].left.wait()


async def test_a_line_that_grows_slowly(engine_for: EngineFor) -> None:
    async with serving(endless(b"x", first=head() + b"data: ")) as server:
        await sentence(engine_for(server, timeout=SHORT))


async def test_a_failure_that_is_described_without_end(engine_for: EngineFor) -> None:
    async with serving(endless(b"x" * 65_536, first=head(404))) as server:
        assert "404" in await sentence(engine_for(server))


async def test_a_failure_that_is_described_slowly(engine_for: EngineFor) -> None:
    async with serving(endless(b"x", first=head(404))) as server:
        await sentence(engine_for(server, timeout=SHORT))


async def test_headers_without_end(engine_for: EngineFor) -> None:
    async with serving(endless(b"X-More: of it\r\n", first=b"HTTP/1.1 200 OK\r\n")) as server:
        await sentence(engine_for(server))


async def test_an_answer_that_unpacks_to_much_more_than_was_sent(engine_for: EngineFor) -> None:
    packed = gzip.compress(gzip.compress(b"\n" * (1 << 22)) + b"".join(events("a")))
    async with serving(raw(head(content_encoding="gzip, gzip"), packed)) as server:
        assert "compressed" in await sentence(engine_for(server))


# Silence.


@pytest.mark.parametrize(
    "reply",
    [
        silent(),
        silent(b"HTTP/1.1 200 OK\r\n"),
        silent(head()),
        silent(head(), event(delta("a"))),
        silent(head(), b'data: {"choices": [{"delta'),
        silent(head(404, content_length="10")),
    ],
)
async def test_a_server_that_falls_silent(engine_for: EngineFor, reply: Reply) -> None:
    async with serving(reply) as server:
        told = await sentence(engine_for(server, timeout=SHORT))
        await server.exchanges[-1].left.wait()
    assert "said nothing for 0.3 seconds" in told
    assert "timeoutSeconds" in told


async def test_the_next_question_is_answered(engine_for: EngineFor) -> None:
    async with serving(silent(head()), raw(), answer("a")) as server:
        engine = engine_for(server, timeout=SHORT)
        await sentence(engine)
        await sentence(engine)
        assert text_of(await all_of(engine)) == "a"


# Errors in the stream.


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"message": "The GPU is full."}, "The GPU is full."),
        ("The GPU is full.", "The GPU is full."),
        ({"detail": "a\n\x1b[1mb"}, "failed"),
        ({"message": "x" * 10_000}, "failed"),
        ({"message": ""}, "failed"),
        ({"message": None}, "failed"),
        ({"code": 7}, "failed"),
        (7, "failed"),
        (True, "failed"),
        (["a"], "failed"),
    ],
)
async def test_an_error_in_the_stream(engine_for: EngineFor, error: object, words: str) -> None:
    async with serving(streamed(event(delta("a")), event({"error": error}))) as server:
        assert words in await sentence(engine_for(server))


async def test_the_key_in_an_error_in_the_stream(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret")
    async with serving(streamed(event({"error": "no sk-secret here"}))) as server:
        assert "sk-secret" not in await sentence(engine_for(server, key_variable="MY_KEY"))


# Events of other shapes.


@pytest.mark.parametrize(
    "data", ["no JSON", "{", "7", "null", "[]", '"text"', "[" * 1000, '{"a":' * 1000, "9" * 5000]
)
async def test_an_event_that_is_no_object(engine_for: EngineFor, data: str) -> None:
    async with serving(streamed(event(delta("a")), event(data))) as server:
        assert "no sense" in await sentence(engine_for(server))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"choices": None},
        {"choices": 7},
        {"choices": "a"},
        {"choices": {"0": {}}},
        {"choices": []},
        {"choices": [None]},
        {"choices": [7]},
        {"choices": [[]]},
        {"choices": [{}]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": "text"}]},
        {"choices": [{"delta": {}}]},
        {"choices": [{"delta": {"content": 7}}]},
        {"choices": [{"delta": {"content": ["a"]}}]},
        {"choices": [{"delta": {"content": {"text": "a"}}}]},
        {"choices": [{"delta": {}, "finish_reason": 7}]},
        {"choices": [{"delta": {}, "finish_reason": ["stop"]}]},
        {"choices": [{"delta": {}, "logprobs": 7}]},
        {"choices": [{"delta": {}, "logprobs": {"content": 7}}]},
        {"choices": [{"delta": {}, "logprobs": {"content": True}}]},
        {"choices": [{"delta": {}, "logprobs": {"content": {"a": 1}}}]},
        {"choices": [{"delta": {}, "logprobs": {"content": [None, 7, "a"]}}]},
        {"usage": 7},
        {"usage": {"prompt_tokens": "20"}},
        {"usage": {"prompt_tokens": -1, "prompt_tokens_details": 7}},
        {"usage": {"prompt_tokens": True, "completion_tokens": 1.5}},
        {"usage": {"prompt_tokens": float("nan"), "completion_tokens": float("inf")}},
        {"usage": {"prompt_tokens_details": {"cached_tokens": [1]}}},
        {"error": None},
    ],
)
async def test_an_event_of_another_shape_says_nothing(engine_for: EngineFor, data: Any) -> None:
    pieces = [event(data), *events("a", usage=None, done=False), event(data), event("[DONE]")]
    async with serving(streamed(*pieces)) as server:
        found = await all_of(engine_for(server))
    assert text_of(found) == "a"
    last = done(found)
    assert last.finish == "stop"
    for tokens in (last.prompt_tokens, last.reused_tokens, last.output_tokens):
        assert isinstance(tokens, int)
        assert tokens >= 0


@pytest.mark.parametrize("count", [10**9, 10**30, 10**300, 10**400, 10**4_000])
async def test_a_server_that_counts_too_many_tokens(engine_for: EngineFor, count: int) -> None:
    usage = {"prompt_tokens": count, "prompt_tokens_details": {"cached_tokens": 0}}
    async with serving(answer("a", usage=usage)) as server:
        engine = engine_for(server)
        for _ in range(3):
            assert text_of(await all_of(engine)) == "a"
            counted = await engine.count(["a"], roles=["user"], seconds=1.0)
            assert counted.within_wait >= 0


async def test_more_tokens_known_before_than_there_are(engine_for: EngineFor) -> None:
    usage = {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 5_000}}
    async with serving(answer("a", usage=usage)) as server:
        last = done(await all_of(engine_for(server)))
    assert last.reused_tokens <= last.prompt_tokens


async def test_json_with_the_same_name_twice(engine_for: EngineFor) -> None:
    twice = json.dumps(delta("a"))[:-1] + ', "choices": []}'
    async with serving(streamed(event(twice), *events("b"))) as server:
        assert text_of(await all_of(engine_for(server))) in ("b", "ab")
