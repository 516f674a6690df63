"""The engine with a real worker process: its answers, and cancelling them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from qwlsp.backends.llama import Model
from qwlsp.engine.client import State
from qwlsp.engine.connection import Connection
from qwlsp.engine.messages import (
    Done,
    Event,
    Generate,
    Message,
    Piece,
    ReadAhead,
    Reading,
    Sampling,
)
from qwlsp.engine.template import ChatTemplate
from qwlsp.errors import EngineError, PromptTooLong
from tests.engine.asking import (
    GREEDY,
    HANGS,
    LONG,
    Engine,
    all_of,
    chat,
    code,
    done,
    first,
    posix_only,
    text_of,
)

# Answers


async def test_pieces_join_to_the_answer(engine: Engine, model: Model) -> None:
    events = await all_of(engine.ask("Explain.", max_tokens=40))
    *readings, last_reading = [e for e in events if isinstance(e, Reading)]
    pieces = [e for e in events if isinstance(e, Piece)]
    assert last_reading.read == last_reading.total
    assert all(
        a.read < b.read for a, b in zip(readings, [*readings[1:], last_reading], strict=True)
    )
    assert [e.tokens for e in pieces] == sorted({e.tokens for e in pieces})
    assert events == [*readings, last_reading, *pieces, events[-1]]
    assert isinstance(events[-1], Done)
    assert (events[-1].finish, events[-1].output_tokens) == ("length", 40)
    expected = expected_answer(model, "Explain.", 40)
    assert "".join(e.text for e in pieces) == expected


def expected_answer(model: Model, text: str, length: int) -> str:
    """What the model writes in this process."""
    from qwlsp.backends.llama import AbortFlag, Context, ContextSize

    prompt = ChatTemplate(model.chat_template).tokens(chat(text), model.tokenize).tokens
    context = Context(model, ContextSize(tokens=512, threads=1), AbortFlag())
    tokens = list(prompt)
    context.decode(tokens, start=0)
    while len(tokens) < len(prompt) + length:
        tokens.append(int(context.logits().argmax()))
        context.decode(tokens[-1:], start=len(tokens) - 1)
    context.close()
    return b"".join(map(model.piece, tokens[len(prompt) :])).decode("utf-8", "replace")


@pytest.mark.parametrize("temperature", [0, 1])
async def test_the_same_seed_gives_the_same_answer(engine: Engine, temperature: float) -> None:
    sampling = Sampling(temperature=temperature, top_p=1, seed=5)
    answers = [await text_of(engine.ask("Explain.", sampling=sampling)) for _ in range(2)]
    await engine.close()
    answers.append(await text_of(engine.ask("Explain.", sampling=sampling)))
    assert answers[0] == answers[1] == answers[2]


async def test_another_seed_gives_another_answer(engine: Engine) -> None:
    samplings = [Sampling(temperature=1, top_p=1, seed=seed) for seed in (1, 2)]
    one, other = [await text_of(engine.ask("Explain.", sampling=s)) for s in samplings]
    assert one != other


async def test_usage_is_true(engine: Engine, model: Model) -> None:
    parts = ["def f():\n", "    return '<|im_end|>'\n", "", "Explain."]
    messages = [Message(role="system", parts=["Be brief."]), Message(role="user", parts=parts)]
    empty = [Message(role=message.role, parts=[]) for message in messages]
    markup = len(ChatTemplate(model.chat_template).tokens(empty, model.tokenize).tokens)
    events = await all_of(
        engine.generate(Generate(messages=messages, sampling=GREEDY, max_tokens=8))
    )
    assert isinstance(events[0], Reading)
    assert isinstance(events[-1], Done)
    lengths = [len(model.tokenize(part, special=False)) for part in ["Be brief.", *parts]]
    assert events[0].part_tokens == lengths
    assert events[0].total == events[-1].prompt_tokens == sum(lengths) + markup
    assert (events[0].reused, events[-1].reused_tokens) == (0, 0)


async def test_what_was_read_is_not_read_again(engine: Engine) -> None:
    one = await done(engine.ask(code(50)))
    again = await done(engine.ask(code(50)))
    longer = await done(engine.ask(code(51)))
    assert one.reused_tokens == 0
    assert again.reused_tokens == one.prompt_tokens - 1
    assert one.prompt_tokens - 20 < longer.reused_tokens < one.prompt_tokens


async def test_what_was_read_ahead_is_not_read_again(engine: Engine) -> None:
    chats = [chat(code(50)), chat("Explain.")]
    ahead = await done(engine.read_ahead(chats, save_power=False))
    assert ahead.finish == "stop"
    asked = await done(engine.ask(code(50)))
    assert asked.reused_tokens == asked.prompt_tokens - 1


async def test_an_answer_goes_on_after_its_start(engine: Engine, model: Model) -> None:
    alone = await done(engine.ask("Explain."))
    begun = await done(engine.ask("Explain.", answer_start="It adds"))
    added = len(model.tokenize("It adds", special=False))
    assert begun.prompt_tokens == alone.prompt_tokens + added


async def test_the_context_grows_when_a_prompt_needs_it(engine: Engine) -> None:
    small = await text_of(engine.ask("Explain."))
    long = await done(engine.ask(LONG))
    assert long.prompt_tokens > 4096
    assert await text_of(engine.ask("Explain.")) == small


async def test_prompts_take_turns_in_a_context_that_is_too_small_for_all(engine: Engine) -> None:
    prompts = [f"{number}\n{code(100)}" for number in range(5)]
    answers = [await text_of(engine.ask(prompt)) for prompt in prompts]
    assert [await text_of(engine.ask(prompt)) for prompt in prompts] == answers


async def test_two_requests_at_once(engine: Engine) -> None:
    one, two = await text_of(engine.ask("One.")), await text_of(engine.ask("Two."))
    both = await asyncio.gather(text_of(engine.ask("One.")), text_of(engine.ask("Two.")))
    assert both == [one, two]


async def test_two_first_requests_share_one_worker(engine: Engine) -> None:
    await asyncio.gather(text_of(engine.ask("One.")), text_of(engine.ask("Two.")))
    assert engine.states == [State.LOADING, State.READY]


@pytest.mark.parametrize(
    ("context_tokens", "limit"), [(None, 600 - 100), (50, 50), (5_000, 600 - 100)]
)
async def test_a_prompt_that_is_too_long(
    tiny_model: Path, home: Path, context_tokens: int | None, limit: int
) -> None:
    engine = Engine(tiny_model, home, context_size=600)
    with pytest.raises(PromptTooLong) as caught:
        await all_of(engine.ask(code(100), max_tokens=100, context_tokens=context_tokens))
    with pytest.raises(PromptTooLong) as again:
        await all_of(engine.ask(code(100), max_tokens=500))
    fits = await done(engine.ask("Explain."))
    await engine.close()
    assert caught.value.limit == limit
    assert caught.value.tokens == again.value.tokens > 500
    assert str(caught.value.tokens) in str(caught.value)
    assert fits.finish == "length"


# Cancelling


async def test_counting_while_the_engine_writes(engine: Engine) -> None:
    events = engine.ask(code(5), max_tokens=500)
    await first(Piece, events)
    counted = await engine.count(["a", "a b c d"], roles=["user"], seconds=3)
    assert 0 < counted.tokens[0] < counted.tokens[1]
    assert counted.within_wait > 0
    await events.aclose()


@posix_only
async def test_a_worker_that_was_dead_when_it_was_asked_costs_nothing(engine: Engine) -> None:
    expected = await text_of(engine.ask("x"))
    pid = engine.pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    counting = asyncio.create_task(engine.count(["a b"], roles=["user"], seconds=3))
    asking = asyncio.create_task(text_of(engine.ask("x")))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    assert (await asyncio.wait_for(counting, HANGS)).tokens[0] > 1
    assert await asyncio.wait_for(asking, HANGS) == expected
    assert engine.pid not in (None, pid)


@posix_only
async def test_two_deaths_are_told_of(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    follow = Connection.follow

    def dying(self: Connection, request: Generate | ReadAhead) -> AsyncGenerator[Event, None]:
        os.kill(self.pid, signal.SIGKILL)
        return follow(self, request)

    await engine.start()
    monkeypatch.setattr(Connection, "follow", dying)
    with pytest.raises(EngineError, match="It starts again with the next request"):
        await all_of(engine.ask("x"))
    assert engine.states.count(State.LOADING) == 2


async def test_who_closes_asks_no_other_worker(engine: Engine) -> None:
    async def ask() -> None:
        async for _ in engine.ask("x"):
            raise AssertionError

    await engine.start()
    asking = asyncio.create_task(ask())
    counting = asyncio.create_task(engine.count(["x"], roles=["user"], seconds=3))
    await asyncio.sleep(0)  # each has sent its request
    await engine.close()
    for task in (asking, counting):
        with pytest.raises(EngineError):
            await task
    assert engine.states.count(State.LOADING) == 1


async def test_cancelling_while_the_prompt_is_read(engine: Engine) -> None:
    async with aclosing(engine.ask(LONG)) as events:
        async for event in events:
            assert isinstance(event, Reading)
            if event.read >= 256:
                break
    pid, total = engine.pid, event.total
    again = await done(engine.ask(LONG))
    assert 256 <= again.reused_tokens < total // 2
    assert engine.pid == pid


async def test_cancelling_while_the_answer_is_written(engine: Engine) -> None:
    expected = await text_of(engine.ask("Next."))
    async with aclosing(engine.ask("Explain.", max_tokens=2000)) as events:
        await first(Piece, events)
    assert await text_of(engine.ask("Next.")) == expected
    assert engine.states == [State.LOADING, State.READY]


async def test_cancelling_the_task_that_waits(engine: Engine) -> None:
    await engine.start()
    began = asyncio.Event()

    async def follow() -> None:
        async for _ in engine.ask(LONG):
            began.set()

    task = asyncio.create_task(follow())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await done(engine.ask("Next."))).finish == "length"


async def test_cancelling_while_the_model_loads(engine: Engine) -> None:
    task = asyncio.create_task(engine.start())
    await engine.loading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.pid is None
    assert engine.states == [State.LOADING, State.STOPPED]
    assert (await done(engine.ask("Next."))).finish == "length"


async def test_cancelling_one_request_leaves_the_others(engine: Engine) -> None:
    expected = await text_of(engine.ask("Three."))
    running, waiting = engine.ask(LONG), engine.ask("Two.")
    await first(Reading, running)
    behind = asyncio.create_task(anext(waiting))
    last = asyncio.create_task(text_of(engine.ask("Three.")))
    await asyncio.sleep(0)  # lets both be sent
    behind.cancel()
    await asyncio.gather(behind, return_exceptions=True)
    assert not last.done()
    assert (await done(running)).finish == "length"
    assert await last == expected
    assert engine.states == [State.LOADING, State.READY]


async def test_a_person_comes_before_reading_ahead(engine: Engine) -> None:
    ahead = engine.read_ahead([chat(LONG)], save_power=False)
    await first(Reading, ahead)
    asked = await done(engine.ask("Explain."))
    assert asked.finish == "length"
    resumed = await anext(ahead)
    assert isinstance(resumed, Reading)
    assert resumed.read < resumed.total
    assert (await done(ahead)).finish == "stop"


async def test_another_plan_ends_the_one_before(engine: Engine) -> None:
    one = engine.read_ahead([chat(LONG)], save_power=False)
    await first(Reading, one)
    two = await done(engine.read_ahead([chat("Explain.")], save_power=False))
    assert two.finish == "stop"
    assert (await done(one)).finish == "cancelled"
