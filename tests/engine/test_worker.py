"""The worker process: killed, hung, retired, left alone, and with models that can not be loaded."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from qwlsp.engine import connection as connection_module
from qwlsp.engine import links
from qwlsp.engine.client import State
from qwlsp.engine.messages import (
    LENGTH,
    Cancel,
    Done,
    EngineConfig,
    Generate,
    Piece,
    ReadAhead,
    Reading,
    Ready,
    Start,
    decode,
    encode,
)
from qwlsp.errors import EngineError, ModelError, PromptTooLong
from tests.engine.asking import (
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
    warnings_of,
)
from tests.processes import all_end
from tests.tiny_model import build


@posix_only
async def test_a_killed_worker_fails_what_it_had_begun_and_no_more(engine: Engine) -> None:
    alone = await text_of(engine.ask("Two."))
    events = engine.ask("Explain.", max_tokens=2000)
    await first(Piece, events)
    waiting = asyncio.create_task(text_of(engine.ask("Two.")))
    await asyncio.sleep(0)
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(EngineError) as caught:
        await all_of(events)
    assert await waiting == alone
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
    monkeypatch.setattr(connection_module, "CANCEL_GRACE", 0)
    monkeypatch.setattr(connection_module, "SECOND_LOOK", 0)
    await events.aclose()
    await asyncio.wait_for(engine.stopped.wait(), HANGS)
    monkeypatch.undo()
    assert (await done(engine.ask("Next."))).finish == "length"
    assert engine.pid not in (None, pid)


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
        monkeypatch.setattr(connection_module, "decode", confused)
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


async def test_a_process_that_dies_while_it_loads(
    tiny_model: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "COMMAND", (sys.executable, "-c", "import os; os.abort()"))
    with pytest.raises(ModelError) as caught:
        await Engine(tiny_model, home).start()
    assert str(caught.value).startswith("tiny.gguf can't be loaded: the model's process was ended")
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


@pytest.mark.parametrize(
    "waiting", [Generate(id=2, messages=chat("Two.")), ReadAhead(id=2, chats=[chat("Two.")])]
)
def test_a_request_that_waits_is_cancelled_at_once(
    tiny_model: Path, waiting: Generate | ReadAhead
) -> None:
    worker = Worker(tiny_model)
    assert isinstance(worker.receive(), Ready)
    worker.send(encode(Generate(id=1, messages=chat(LONG), max_tokens=500)))
    worker.send(encode(waiting) + encode(Cancel(id=2)))
    while not isinstance(reply := worker.receive(), Done):
        assert isinstance(reply, Reading)
    assert (reply.id, reply.finish) == (2, "cancelled")
    assert worker.ends()


CLIENT = """
import asyncio, os, sys
from pathlib import Path
from qwlsp.engine.client import EngineClient
from qwlsp.engine.messages import EngineConfig, Generate, Message

async def main():
    client = EngineClient(EngineConfig(model_path=sys.argv[1], threads=1), home=Path(sys.argv[2]))
    chat = [Message(role="user", parts=["Explain. " * 1000])]
    async for _ in client.generate(Generate(messages=chat, max_tokens=1000)):
        break
    print(client.pid, flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@posix_only
def test_a_worker_ends_when_its_client_is_killed(tiny_model: Path, tmp_path: Path) -> None:
    client = subprocess.run(
        [sys.executable, "-c", CLIENT, str(tiny_model), str(tmp_path)],
        capture_output=True,
        timeout=HANGS,
        check=False,
    )
    assert client.returncode == -signal.SIGKILL
    assert client.stderr == b""
    with suppress(psutil.NoSuchProcess):  # it may have ended already
        assert all_end([psutil.Process(int(client.stdout))], 5)
