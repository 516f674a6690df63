"""Servers that refuse: each status is one clear sentence, and only a busy server is asked again."""

from __future__ import annotations

import json
import socket

import pytest

from tests.remote.asking import EngineFor, all_of, check_sentence, done, sentence, text_of
from tests.remote.servers import Reply, Server, answer, head, raw, serving, status

PAGE = b"<!DOCTYPE html><html><body>\x1b[31mWelcome to nginx!</body></html>"
KEY = "sk-1234567890"


def failing(code: int, message: object, **headers: str) -> Reply:
    return status(code, json.dumps({"error": {"message": message}}).encode(), **headers)


# Something else than such a server.


async def test_a_web_page(engine_for: EngineFor) -> None:
    async with serving(status(200, PAGE, "text/html")) as server:
        told = await sentence(engine_for(server))
    assert "OpenAI-compatible" in told
    assert "nginx" not in told


async def test_a_web_page_that_says_not_found(engine_for: EngineFor) -> None:
    async with serving(status(404, PAGE, "text/html")) as server:
        told = await sentence(engine_for(server))
    assert "404" in told
    assert "/v1" in told


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "image/png"])
async def test_a_reply_that_is_no_stream(engine_for: EngineFor, kind: str) -> None:
    async with serving(status(200, b'{"choices": []}', kind)) as server:
        assert "OpenAI-compatible" in await sentence(engine_for(server))


async def test_a_compressed_answer_that_nobody_asked_for(engine_for: EngineFor) -> None:
    reply = raw(head(content_encoding="gzip"), b"\x1f\x8b nothing that can be unpacked")
    async with serving(reply) as server:
        await sentence(engine_for(server))
        assert server.questions[0].headers["accept-encoding"] == "identity"


# Keys.


@pytest.mark.parametrize("code", [401, 403])
async def test_a_server_that_wants_a_key(engine_for: EngineFor, code: int) -> None:
    async with serving(failing(code, "who are you?")) as server:
        told = await sentence(engine_for(server))
    assert str(code) in told
    assert "apiKeyEnv" in told


@pytest.mark.parametrize("code", [401, 403])
async def test_a_key_that_is_wrong(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    async with serving(failing(code, f"wrong key {KEY}")) as server:
        told = await sentence(engine_for(server, key_variable="MY_KEY"))
        assert server.questions[0].headers["authorization"] == f"Bearer {KEY}"
    assert "MY_KEY" in told
    assert KEY not in told


@pytest.mark.parametrize("code", [400, 404, 418, 429, 500])
async def test_a_server_that_repeats_the_key(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    async with serving(failing(code, f"I got Bearer {KEY}, and more")) as server:
        told = await sentence(engine_for(server, key_variable="MY_KEY"))
    assert KEY not in told
    assert "and more" in told


# Refused for a reason.


async def test_a_model_that_the_server_does_not_have(engine_for: EngineFor) -> None:
    async with serving(failing(404, "The model `big` does not exist.")) as server:
        told = await sentence(engine_for(server, model="big"))
        assert server.questions[0].json["model"] == "big"
    assert "The model `big` does not exist" in told
    assert len(server.questions) == 1


@pytest.mark.parametrize("code", [400, 402, 404, 405, 410, 413, 418, 500, 502, 504, 599])
async def test_a_reason_is_passed_on(engine_for: EngineFor, code: int) -> None:
    async with serving(failing(code, "Out of luck.")) as server:
        told = await sentence(engine_for(server))
    assert "Out of luck" in told
    assert str(code) in told
    assert "127.0.0.1" in told


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{}",
        b"{",
        b"\xff\xfe",
        b'{"error": null}',
        b'{"error": 7}',
        b'{"error": {"message": null}}',
        b'{"error": {"message": {"a": 1}}}',
        b'{"detail": [{"msg": "no"}]}',
        b'{"message": NaN}',
        b"[" * 100_000,
    ],
)
async def test_a_refusal_without_a_reason(engine_for: EngineFor, body: bytes) -> None:
    async with serving(status(500, body)) as server:
        assert "500" in await sentence(engine_for(server))


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Out of luck."},
        {"error": {"message": "Out of luck."}},
        {"message": "Out of luck."},
        {"detail": "Out of luck."},
        {"error": {"detail": "Out of luck."}},
    ],
)
async def test_the_shapes_of_a_reason(engine_for: EngineFor, body: object) -> None:
    async with serving(status(400, json.dumps(body).encode())) as server:
        assert "Out of luck" in await sentence(engine_for(server))


@pytest.mark.parametrize(
    "reason", ["x" * 100_000, "a\n\tb\x1b[31m\x00\u202ec", "...", " \n ", "é 🍎"]
)
async def test_reasons_are_made_fit_to_be_shown(engine_for: EngineFor, reason: str) -> None:
    async with serving(failing(400, reason)) as server:
        await sentence(engine_for(server))


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_nothing_is_sent_to_where_a_server_points(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    async with serving(answer("stolen")) as other:
        location = f"{other.base_url}/chat/completions"
        async with serving(status(code, location=location)) as server:
            told = await sentence(engine_for(server, key_variable="MY_KEY"))
        assert str(code) in told
        assert other.connections == 0


# Busy servers.


def busy(code: int = 503, **headers: str) -> Reply:
    return failing(code, "Too many people here.", **headers)


async def _answered(engine_for: EngineFor, *replies: Reply) -> Server:
    async with serving(*replies, answer("at last")) as server:
        assert text_of(await all_of(engine_for(server))) == "at last"
        return server


@pytest.mark.parametrize("code", [429, 503])
async def test_a_busy_server_is_asked_again(
    engine_for: EngineFor, pauses: list[float], code: int
) -> None:
    server = await _answered(engine_for, busy(code), busy(code))
    assert len(server.questions) == 3
    first, second = pauses
    assert 0 < first <= 1
    assert 0 < second <= 2


@pytest.mark.parametrize("seconds", ["0", "1", "7"])
async def test_it_says_how_long_to_wait(
    engine_for: EngineFor, pauses: list[float], seconds: str
) -> None:
    await _answered(engine_for, busy(Retry_After=seconds))
    assert pauses == [float(seconds)]


@pytest.mark.parametrize("seconds", ["11", "999", "3600", "86400", "9" * 400])
async def test_it_wants_us_to_wait_for_too_long(
    engine_for: EngineFor, pauses: list[float], seconds: str
) -> None:
    await _answered(engine_for, busy(Retry_After=seconds))
    assert pauses == [10]


@pytest.mark.parametrize(
    "nonsense",
    ["", "soon", "-1", "1.5", "1e9", "nan", "inf", "²", "Wed, 21 Oct 2015 07:28:00 GMT", "0x10"],
)
async def test_it_says_something_else(
    engine_for: EngineFor, pauses: list[float], nonsense: str
) -> None:
    await _answered(engine_for, busy(Retry_After=nonsense))
    assert 0 <= pauses[0] <= 10


@pytest.mark.parametrize("code", [429, 503])
async def test_a_server_that_stays_busy(
    engine_for: EngineFor, pauses: list[float], code: int
) -> None:
    async with serving(busy(code)) as server:
        told = await sentence(engine_for(server))
        assert len(server.questions) == 4
    assert "Too many people here" in told
    assert len(pauses) == 3
    assert sum(pauses) <= 30


async def test_a_server_that_is_not_busy_is_not_asked_again_for_the_same(
    engine_for: EngineFor, pauses: list[float]
) -> None:
    async with serving(failing(404, "No.")) as server:
        await sentence(engine_for(server))
        assert len(server.questions) == 1
    assert pauses == []


# No server.


async def test_nobody_listens(engine_for: EngineFor) -> None:
    async with serving() as server:
        pass
    told = await sentence(engine_for(server))
    assert f"127.0.0.1:{server.port}" in told
    assert "running" in told


async def test_a_name_that_does_not_exist(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    told = await sentence(engine_for("http://nowhere.invalid/v1"))
    assert "nowhere.invalid" in told


async def test_a_server_that_goes_away_and_comes_back(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        engine = engine_for(server)
        assert text_of(await all_of(engine)) == "a"
        await server.stop()
        check_sentence(await sentence(engine))
        await server.start()
        assert done(await all_of(engine)).finish == "stop"


async def test_a_connection_that_was_closed_meanwhile_is_made_anew(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        engine = engine_for(server)
        for _ in range(3):
            assert text_of(await all_of(engine)) == "a"
            await server.stop()
            await server.start()
        assert server.connections == 3
