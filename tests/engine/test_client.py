"""The engine with a real worker process: its life, its answers, and its sudden death."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from benchmarks.qwen2 import Vocabulary, write
from qwlsp.backends.llama import Model
from qwlsp.engine import client as client_module
from qwlsp.engine.client import EngineClient, State
from qwlsp.engine.messages import (
    LENGTH,
    Cancel,
    Done,
    EngineConfig,
    Event,
    Message,
    Piece,
    Reading,
    Ready,
    Sampling,
    Start,
    decode,
    encode,
)
from qwlsp.engine.template import ChatTemplate
from qwlsp.errors import EngineError, ModelError, PromptTooLong
from tests.tiny_model import SHAPE, build, vocabulary

HANGS = 30
"""Seconds after which a test that waits for something has failed."""
GREEDY = Sampling(temperature=0)
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


class Engine(EngineClient):
    """A client that remembers its states, and asks about a text."""

    def __init__(self, model: Path, home: Path, **config: object) -> None:
        self.states: list[State] = []
        self.loading, self.stopped = asyncio.Event(), asyncio.Event()
        super().__init__(
            EngineConfig(model_path=str(model), threads=1, **config),  # type: ignore[arg-type]
            home=home,
            on_state=self._note,
        )

    def _note(self, state: State) -> None:
        self.states.append(state)
        for event, its_state in [(self.loading, State.LOADING), (self.stopped, State.STOPPED)]:
            event.set() if state is its_state else event.clear()

    def ask(
        self,
        text: str,
        *,
        max_tokens: int = 8,
        sampling: Sampling = GREEDY,
        answer_start: str = "",
        context_tokens: int | None = None,
    ) -> AsyncGenerator[Event, None]:
        return self.generate(
            chat(text),
            sampling=sampling,
            max_tokens=max_tokens,
            answer_start=answer_start,
            context_tokens=context_tokens,
        )


@pytest.fixture
async def engine(tiny_model: Path, home: Path) -> AsyncIterator[Engine]:
    client = Engine(tiny_model, home)
    yield client
    await client.close()


def chat(text: str) -> list[Message]:
    return [Message(role="system", parts=["Be brief."]), Message(role="user", parts=[text])]


def code(lines: int) -> str:
    return "".join(f"value_{n} = {n}\n" for n in range(lines))


LONG = code(600)
"""About 6,000 tokens: more than a second to read, and more than the smallest context."""


async def all_of(events: AsyncIterator[Event]) -> list[Event]:
    async def collect() -> list[Event]:
        return [event async for event in events]

    return await asyncio.wait_for(collect(), HANGS)


async def text_of(events: AsyncIterator[Event]) -> str:
    return "".join(e.text for e in await all_of(events) if isinstance(e, Piece))


async def done(events: AsyncIterator[Event]) -> Done:
    last = (await all_of(events))[-1]
    assert isinstance(last, Done)
    return last


async def first(kind: type[Event], events: AsyncIterator[Event]) -> Event:
    """The first event of a kind; the request goes on."""
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError("the answer has ended before")


def warnings_of(main: Callable[[], Coroutine[None, None, None]]) -> list[str]:
    """Of transports that nobody closed, e.g."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        asyncio.run(main())
        gc.collect()
    return [str(warning.message) for warning in warned]


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
    context.decode(tokens, start=0, sequence=0)
    while len(tokens) < len(prompt) + length:
        tokens.append(int(context.logits().argmax()))
        context.decode(tokens[-1:], start=len(tokens) - 1, sequence=0)
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
    events = await all_of(engine.generate(messages, sampling=GREEDY, max_tokens=8))
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


# Death


@posix_only
async def test_a_killed_worker_fails_its_requests_and_no_others(engine: Engine) -> None:
    events = engine.ask("Explain.", max_tokens=2000)
    await first(Piece, events)
    waiting = asyncio.create_task(all_of(engine.ask("Two.")))
    await asyncio.sleep(0)
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(EngineError) as caught:
        await all_of(events)
    with pytest.raises(EngineError):
        await waiting
    assert str(caught.value) == (
        "The model's process was ended by SIGKILL. It starts again with the next request."
    )
    assert (await done(engine.ask("Next."))).finish == "length"
    assert engine.pid not in (None, pid)


@posix_only
async def test_a_worker_killed_while_idle_is_started_again(engine: Engine) -> None:
    await engine.start()
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await asyncio.wait_for(engine.stopped.wait(), HANGS)
    assert engine.pid is None
    assert (await done(engine.ask("Next."))).finish == "length"
    states = [State.LOADING, State.READY]
    assert engine.states == [*states, State.STOPPED, *states]


@posix_only
async def test_a_worker_that_does_not_stop_is_killed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = engine.ask("Explain.", max_tokens=2000)
    await first(Piece, events)
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(client_module, "CANCEL_GRACE", 0)
    await events.aclose()
    await asyncio.wait_for(engine.stopped.wait(), HANGS)
    monkeypatch.undo()
    assert (await done(engine.ask("Next."))).finish == "length"
    assert engine.pid not in (None, pid)


@posix_only
@pytest.mark.parametrize("cancelled", ["generate", "read_ahead"])
async def test_a_busy_worker_is_not_killed_for_a_request_that_waits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, cancelled: str
) -> None:
    running = engine.ask(code(100), max_tokens=200)
    if cancelled == "read_ahead":
        waiting = engine.read_ahead([chat(LONG)], save_power=False)
        await first(Reading, waiting)  # begun, but a person comes in between
        await first(Piece, running)
    else:
        waiting = engine.ask("Two.")
        await first(Piece, running)
        task = asyncio.create_task(anext(waiting))
        await asyncio.sleep(0)
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # busy for as long as we like
    monkeypatch.setattr(client_module, "CANCEL_GRACE", 0)
    if cancelled == "generate":
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await waiting.aclose()
    for _ in range(100):
        await asyncio.sleep(0)
    monkeypatch.setattr(client_module, "CANCEL_GRACE", HANGS)
    os.kill(pid, signal.SIGCONT)
    assert (await done(running)).finish == "length"
    assert (await done(engine.ask("Next."))).finish == "length"
    assert engine.pid == pid


def test_a_worker_that_talks_nonsense_is_replaced(
    tiny_model: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def confused(payload: bytes) -> object:
        message = decode(payload)
        if isinstance(message, Piece):
            raise ValueError("not a message")
        return message

    async def live() -> None:
        engine = Engine(tiny_model, home)
        monkeypatch.setattr(client_module, "decode", confused)
        with pytest.raises(EngineError):
            await all_of(engine.ask("Explain.", max_tokens=2000))
        monkeypatch.undo()
        assert (await done(engine.ask("Next."))).finish == "length"
        await engine.close()

    assert warnings_of(live) == []


async def test_closing_fails_the_answer_in_flight(engine: Engine) -> None:
    events = engine.ask("Explain.", max_tokens=2000)
    await first(Piece, events)
    await engine.close()
    with pytest.raises(EngineError):
        await all_of(events)
    assert engine.state is State.STOPPED


async def test_closing_twice_or_before_the_start_is_no_error(engine: Engine) -> None:
    await engine.close()
    await engine.start()
    await engine.close()
    await engine.close()
    assert engine.states == [State.LOADING, State.READY, State.STOPPED]


@pytest.mark.parametrize("in_flight", [False, True])
def test_closing_leaves_nothing_behind(tiny_model: Path, home: Path, in_flight: bool) -> None:
    async def live() -> None:
        engine = Engine(tiny_model, home)
        events = engine.ask(LONG, max_tokens=2000)
        await first(Reading, events)
        if not in_flight:
            await events.aclose()
        await engine.close()
        with pytest.raises(EngineError) if in_flight else warnings.catch_warnings():
            await all_of(events)

    assert warnings_of(live) == []


# Retiring


async def test_a_retired_engine_ends_after_the_answer_in_flight(engine: Engine) -> None:
    expected = await text_of(engine.ask("Explain.", max_tokens=50))
    events = engine.ask("Explain.", max_tokens=50)
    await first(Reading, events)
    engine.retire()
    assert await text_of(events) == expected
    await asyncio.wait_for(engine.stopped.wait(), HANGS)
    assert engine.pid is None


async def test_an_idle_retired_engine_ends_at_once(engine: Engine) -> None:
    await engine.start()
    engine.retire()
    await asyncio.wait_for(engine.stopped.wait(), HANGS)
    assert engine.pid is None


async def test_an_engine_retired_while_it_loads_ends_then(engine: Engine) -> None:
    task = asyncio.create_task(engine.start())
    await engine.loading.wait()
    engine.retire()
    assert isinstance(await task, Ready)
    await asyncio.wait_for(engine.stopped.wait(), HANGS)
    assert engine.pid is None


async def test_a_retired_engine_still_does_another_attempt(engine: Engine) -> None:
    """Whoever asks may ask again with less code before the worker is gone."""
    await engine.start()
    asyncio.get_running_loop().call_soon(engine.retire)
    with pytest.raises(PromptTooLong):
        async for _ in engine.ask(code(100), context_tokens=100):
            pass
    async for event in engine.ask("Explain."):
        last = event
    assert isinstance(last, Done)
    await asyncio.wait_for(engine.stopped.wait(), HANGS)


# Models that can't be loaded


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF" + b"\xff" * 1000, b"<html>"])
async def test_a_broken_model(tmp_path: Path, home: Path, content: bytes) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    engine = Engine(path, home)
    for _ in range(2):
        with pytest.raises(ModelError, match=r"^broken\.gguf can't be loaded"):
            await all_of(engine.ask("Explain."))
    assert engine.states == [State.LOADING, State.STOPPED] * 2
    assert engine.pid is None


async def test_a_missing_model(tmp_path: Path, home: Path) -> None:
    with pytest.raises(ModelError, match=r"^missing\.gguf can't be loaded"):
        await Engine(tmp_path / "missing.gguf", home).start()


async def test_a_model_at_which_llama_cpp_aborts(tmp_path: Path, home: Path) -> None:
    known = vocabulary()
    twice = Vocabulary([*known.tokens, known.tokens[0]], [*known.types, 1], known.merges)
    write(tmp_path / "bad.gguf", SHAPE, twice, name="x", seed=0, dtype=np.float32)
    with pytest.raises(ModelError) as caught:
        await Engine(tmp_path / "bad.gguf", home).start()
    assert str(caught.value).startswith("bad.gguf can't be loaded: the model's process ")
    assert "may be damaged" in str(caught.value)


@pytest.mark.parametrize("template", [None, "{{ raise_exception('never') }}"])
async def test_a_model_without_a_usable_chat_template(
    tmp_path: Path, home: Path, template: str | None
) -> None:
    build(tmp_path / "x.gguf", chat_template=template)
    engine = Engine(tmp_path / "x.gguf", home)
    ready = await engine.start()
    assert ready.warnings == engine.warnings
    assert (await done(engine.ask("Explain."))).finish == "length"
    await engine.close()
    [warning] = ready.warnings
    assert warning.endswith("ChatML is used instead.")
    assert engine.warnings == []


async def test_the_persons_folder_is_no_source_of_code(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("json", "numpy", "qwlsp"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('ran the project's code')")
    monkeypatch.chdir(tmp_path)
    assert (await engine.start()).model == "tiny"


# The worker alone


class Worker:
    """A worker process, and a pipe that is closed when the process has ended."""

    def __init__(self, model: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qwlsp.engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self.send(encode(Start(config=EngineConfig(model_path=str(model), threads=1))))

    def send(self, data: bytes) -> None:
        self.stdin.write(data)
        self.stdin.flush()

    def receive(self) -> object:
        [length] = LENGTH.unpack(self.stdout.read(LENGTH.size))
        return decode(self.stdout.read(length))

    def ends(self) -> bool:
        """Whether it ends within 5 seconds, now that nobody talks to it."""
        self.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            return False
        finally:
            self.process.kill()
            self.process.wait()
            self.stdout.close()
        return True


@pytest.mark.parametrize(
    "last_words",
    [
        b"",
        LENGTH.pack(10)[:2],
        encode(Cancel(id=1))[:-1],
        LENGTH.pack(1 << 31),
        LENGTH.pack(7) + b"garbage",
    ],
    ids=["nothing", "half a length", "half a message", "absurd length", "no message"],
)
def test_a_worker_ends_when_its_client_is_gone(tiny_model: Path, last_words: bytes) -> None:
    worker = Worker(tiny_model)
    assert isinstance(worker.receive(), Ready)
    worker.send(last_words)
    assert worker.ends()


def test_a_worker_ends_when_its_client_goes_while_it_loads(tiny_model: Path) -> None:
    assert Worker(tiny_model).ends()


def test_a_worker_without_a_model_ends_in_good_order(tmp_path: Path) -> None:
    worker = Worker(tmp_path / "missing.gguf")
    worker.receive()
    assert worker.process.wait(HANGS) == 0
    assert worker.ends()


CLIENT = """
import asyncio, os, sys
from pathlib import Path
from qwlsp.engine.client import EngineClient
from qwlsp.engine.messages import EngineConfig, Message, Sampling

async def main():
    client = EngineClient(EngineConfig(model_path=sys.argv[1], threads=1), home=Path(sys.argv[2]))
    chat = [Message(role="user", parts=["Explain. " * 1000])]
    async for _ in client.generate(chat, sampling=Sampling(), max_tokens=1000):
        break
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@posix_only
def test_a_worker_ends_when_its_client_is_killed(tiny_model: Path, tmp_path: Path) -> None:
    """The worker holds on to the client's stderr, so that ends only when both have."""
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(tiny_model), str(tmp_path)], stderr=subprocess.PIPE
    ) as client:
        client.wait(HANGS)
        _, errors = client.communicate(timeout=5)
    assert client.returncode == -signal.SIGKILL
    assert errors == b""
