"""Answers of a required form from servers that know forms, refuse them, or ignore them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from qwlsp.engine.messages import Constraint, Event, Generate, Reading
from qwlsp.errors import EngineError
from tests.remote.asking import GREEDY, EngineFor, all_of, chat, done, sentence, text_of
from tests.remote.servers import (
    Exchange,
    Reply,
    answer,
    delta,
    event,
    events,
    head,
    raw,
    scored,
    serving,
    silent,
    status,
    streamed,
)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"line": {"type": "integer"}},
    "required": ["line"],
}
JSON = Constraint(kind="json_schema", value=SCHEMA)
GOOD = '{"line": 7}'
CHOICES = Constraint(kind="choices", value=["await", "to_thread", "leave"])
REGEX = Constraint(kind="regex", value="[a-z]+")
REFUSED = status(400, b'{"error": {"message": "I do not know that."}}')


def knowing(knows: Callable[[dict[str, Any]], bool], text: str, code: int = 400) -> Reply:
    """Refuses what it does not know."""

    async def reply(exchange: Exchange) -> None:
        known = knows(exchange.request.json)
        await (answer(text) if known else status(code, b'{"error": "What?"}'))(exchange)

    return reply


def with_scores(text: str, top: list[tuple[Any, Any]]) -> Reply:
    logprobs = {"content": [scored(text, top)]}
    return streamed(event(delta(text, logprobs=logprobs)), *events())


def words(request: Any) -> str:
    """All that a request says."""
    return "\n".join(each["content"] for each in request.json["messages"])


def is_formed(found: list[Event], text: str) -> None:
    assert isinstance(found[0], Reading)
    assert text_of(found) == text
    assert done(found).finish == "stop"


# JSON.


async def test_the_server_is_held_to_the_schema(engine_for: EngineFor) -> None:
    async with serving(answer('{"li', 'ne": 7}')) as server:
        is_formed(await all_of(engine_for(server), constraint=JSON), GOOD)
        [request] = server.questions
    asked = request.json["response_format"]
    assert asked["type"] == "json_schema"
    assert asked["json_schema"]["schema"] == SCHEMA


async def test_what_stands_around_the_answer_is_not_part_of_it(engine_for: EngineFor) -> None:
    async with serving(answer(f"Sure!\n```json\n{GOOD}\n```\nBye.")) as server:
        is_formed(await all_of(engine_for(server), constraint=JSON), GOOD)


@pytest.mark.parametrize("code", [400, 415, 422, 500, 501])
async def test_a_server_that_refuses_forms(engine_for: EngineFor, code: int) -> None:
    plain = knowing(lambda body: "response_format" not in body, GOOD, code)
    async with serving(plain) as server:
        engine = engine_for(server)
        is_formed(await all_of(engine, constraint=JSON), GOOD)
        assert json.dumps(SCHEMA) in words(server.questions[-1])
        before = len(server.questions)
        is_formed(await all_of(engine, constraint=JSON), GOOD)
        [again] = server.questions[before:]
    assert "response_format" not in again.json
    assert words(again).count(json.dumps(SCHEMA)) == 1


async def test_a_server_that_knows_only_the_older_form(engine_for: EngineFor) -> None:
    def knows(body: dict[str, Any]) -> bool:
        return bool(body.get("response_format", {}).get("type") == "json_object")

    async with serving(knowing(knows, GOOD)) as server:
        is_formed(await all_of(engine_for(server), constraint=JSON), GOOD)
        assert server.questions[-1].json["response_format"]["schema"] == SCHEMA


async def test_a_server_that_knows_nothing_besides_the_question(engine_for: EngineFor) -> None:
    known = {"model", "messages", "max_tokens", "temperature", "top_p", "seed", "stream"}
    async with serving(knowing(lambda body: set(body) <= known, GOOD)) as server:
        engine = engine_for(server)
        is_formed(await all_of(engine, constraint=JSON), GOOD)
        assert text_of(await all_of(engine)) == GOOD


async def test_a_server_that_refuses_everything(engine_for: EngineFor) -> None:
    async with serving(REFUSED) as server:
        told = await sentence(engine_for(server), constraint=JSON)
        assert len(server.questions) <= 6
    assert "I do not know that" in told


async def test_a_wrong_answer_is_asked_for_once_more(engine_for: EngineFor) -> None:
    async with serving(answer("Line seven."), answer(GOOD)) as server:
        is_formed(await all_of(engine_for(server), constraint=JSON), GOOD)
        [_, again] = server.questions
    turns = again.json["messages"]
    assert turns[-2] == {"role": "assistant", "content": "Line seven."}
    assert turns[-1]["role"] == "user"
    assert json.dumps(SCHEMA) in turns[-1]["content"]


@pytest.mark.parametrize("text", ["Line seven.", "", '{"line": "seven"}', '{"line": 7'])
async def test_an_answer_that_stays_wrong(engine_for: EngineFor, text: str) -> None:
    async with serving(answer(text)) as server:
        told = await sentence(engine_for(server), constraint=JSON)
        assert len(server.questions) == 2
    assert "form" in told


async def test_two_people_s_turns_never_follow_each_other(engine_for: EngineFor) -> None:
    async with serving(answer("")) as server:
        await sentence(engine_for(server), constraint=JSON)
        for request in server.questions:
            roles = [turn["role"] for turn in request.json["messages"]]
            assert all(a != b for a, b in pairwise(roles))


async def test_the_second_answer_is_cut_off(engine_for: EngineFor) -> None:
    cut = raw(head(), event(delta(GOOD)))
    async with serving(answer("Line seven."), cut) as server:
        assert "broke off" in await sentence(engine_for(server), constraint=JSON)


async def test_an_answer_in_a_form_comes_whole_or_not_at_all(engine_for: EngineFor) -> None:
    async with serving(silent(head(), event(delta('{"line"')))) as server:
        request = Generate(messages=chat(), sampling=GREEDY, max_tokens=64, constraint=JSON)
        asked = engine_for(server, timeout=0.3).generate(request)
        assert isinstance(await anext(asked), Reading)
        with pytest.raises(EngineError, match="said nothing"):
            await anext(asked)


# Regular expressions.


async def test_a_regular_expression(engine_for: EngineFor) -> None:
    async with serving(answer("```\nabc\n```")) as server:
        is_formed(await all_of(engine_for(server), constraint=REGEX), "abc")


async def test_a_regular_expression_that_never_fits(engine_for: EngineFor) -> None:
    async with serving(answer("7")) as server:
        await sentence(engine_for(server), constraint=REGEX)
        assert len(server.questions) == 2


# Choices.


async def test_choices_by_their_scores(engine_for: EngineFor) -> None:
    top = [("await", math.log(0.2)), (" leave", math.log(0.6))]
    async with serving(with_scores("await", top)) as server:
        found = await all_of(engine_for(server), constraint=CHOICES)
        [request] = server.questions
    is_formed(found, "leave")
    likely = done(found).probabilities
    assert likely == {"await": pytest.approx(0.25), "to_thread": 0, "leave": pytest.approx(0.75)}
    assert request.json["logprobs"] is True
    assert request.json["top_logprobs"] == 20
    assert "to_thread" in words(request)


async def test_fewer_scores_where_the_server_has_no_more(engine_for: EngineFor) -> None:
    few = knowing(lambda body: body.get("top_logprobs", 0) <= 5, "await")
    async with serving(few) as server:
        engine = engine_for(server)
        is_formed(await all_of(engine, constraint=CHOICES), "await")
        assert server.questions[-1].json["top_logprobs"] == 5
        is_formed(await all_of(engine, constraint=CHOICES), "await")
        assert len(server.questions) == 3


async def test_choices_by_the_text(engine_for: EngineFor) -> None:
    async with serving(knowing(lambda body: "logprobs" not in body, "`Await`.")) as server:
        found = await all_of(engine_for(server), constraint=CHOICES)
    is_formed(found, "await")
    assert done(found).probabilities == {"await": 1.0, "to_thread": 0.0, "leave": 0.0}


async def test_choices_as_json_where_the_text_says_nothing(engine_for: EngineFor) -> None:
    async with serving(answer("I would say"), answer('{"answer": "leave"}')) as server:
        found = await all_of(engine_for(server), constraint=CHOICES)
        [_, again] = server.questions
    is_formed(found, "leave")
    schema = again.json["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["answer"]["enum"] == CHOICES.value


@pytest.mark.parametrize("text", ["", "banana", '{"answer": "banana"}', '{"answer": 7}'])
async def test_no_choice_at_all(engine_for: EngineFor, text: str) -> None:
    async with serving(answer(text)) as server:
        told = await sentence(engine_for(server), constraint=CHOICES)
        assert len(server.questions) == 2
    assert "await" in told


@pytest.mark.parametrize(
    "top",
    [
        [("await", float("nan"))],
        [("await", float("-inf"))],
        [("await", 10**400)],
        [("await", -(10**400))],
        [("await", None)],
        [(None, -0.1)],
        [(7, -0.1)],
        [],
    ],
)
async def test_scores_that_make_no_sense(
    engine_for: EngineFor, top: list[tuple[object, object]]
) -> None:
    async with serving(with_scores("await", top)) as server:
        found = await all_of(engine_for(server), constraint=CHOICES)
    is_formed(found, "await")


async def test_what_one_kind_of_answer_has_taught_says_nothing_of_another(
    engine_for: EngineFor,
) -> None:
    scoreless = knowing(lambda body: "logprobs" not in body, GOOD)
    async with serving(scoreless) as server:
        engine = engine_for(server)
        await sentence(engine, constraint=CHOICES)
        is_formed(await all_of(engine, constraint=JSON), GOOD)
        assert server.questions[-1].json["response_format"]["type"] == "json_schema"
