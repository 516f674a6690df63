"""Whatever is asked, cancelled, preempted, edited and given up before: answers stay the same.

2,000 random steps on one engine with too little room to park all that was read. Every answer, at
temperature 0, is compared with the one of a fresh context. The tiny model computes in F32, so
they are the same to the letter however the prompt was cut into batches.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from qwlsp.backends.llama import AbortFlag, Context, ContextSize, Model
from qwlsp.engine.archive import Archive
from qwlsp.engine.generation import Runner
from qwlsp.engine.memory import WorkingMemory
from qwlsp.engine.messages import Done, Event, Generate, Message, Piece, ReadAhead, Sampling
from qwlsp.engine.pace import Pace
from qwlsp.engine.scheduler import Stopped
from qwlsp.engine.template import CHATML, ChatTemplate
from qwlsp.engine.tokenizing import ChatTokenizer

TOKENS = 128
"""Of the context at first: it has to grow."""
PARKED = 260
"""Tokens: some prompts are longer."""
ANSWER = 6
STEPS = 2000


class Interrupts:
    """Stops the running job at a chosen check, or in the middle of a decode."""

    def __init__(self, abort: AbortFlag) -> None:
        self._abort = abort
        self._left: int | None = None

    def after(self, checks: int | None) -> None:
        self._left = checks
        self._abort.clear()

    def check(self) -> None:
        if self._left is None:
            return
        if self._left < 0:
            raise Stopped
        if self._left == 0:
            self._abort.set()  # the decode that follows is aborted, the next check stops
        self._left -= 1


class Engine:
    """A runner and what it stands on."""

    def __init__(self, model: Model, *, flash_attention: bool, states: Path | None) -> None:
        abort = AbortFlag()
        self.interrupts = Interrupts(abort)
        self._model = model
        self._states = states

        def make_context(tokens: int) -> Context:
            size = ContextSize(
                tokens=max(tokens, TOKENS),
                flash_attention=flash_attention,
                threads=1,
                batch=64,
                micro_batch=32,
            )
            return Context(model, size, abort)

        self._make_context = make_context
        self.restart()

    def restart(self) -> None:
        """Begin anew, with what lies on disk."""
        self.memory = WorkingMemory(
            self._make_context,
            check=self.interrupts.check,
            archive=Archive(self._states, max_bytes=1 << 20) if self._states else None,
        )
        pace = Pace()
        tokenizer = ChatTokenizer(
            self._model.tokenize, ChatTemplate(CHATML), pace=pace, context_length=2048
        )
        self._runner = Runner(self._model, tokenizer, self.memory, pace=pace, context_limit=2048)

    def answer(self, request: Generate) -> str:
        events = list(self._runner.run(request))
        done = events[-1]
        assert isinstance(done, Done)
        assert done.prompt_tokens > done.reused_tokens
        return _text(events)

    def read_ahead(self, request: ReadAhead) -> None:
        for _ in self._runner.read_ahead(request):
            pass


class Editor:
    """A person with some files, who edits them and asks about them."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._files = [f"def f{n}(x):\n" + f"    return x + {n}\n" * (5 + 6 * n) for n in range(5)]

    def edit(self) -> None:
        number = self._chance.randrange(len(self._files))
        text = self._files[number]
        at = self._chance.randrange(len(text))
        self._files[number] = text[:at] + self._chance.choice("xyz \n(") + text[at:][:400]

    def chat(self) -> list[Message]:
        system = Message(role="system", parts=["You explain code."])
        question = self._chance.choice(["Explain it.", "Find the bug.", "Make it async."])
        code = self._chance.choice(self._files)
        return [system, Message(role="user", parts=[code, question])]


@pytest.fixture(params=[True, False], ids=["flash attention", "plain attention"])
def make_engine(
    request: pytest.FixtureRequest, model: Model, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path | None], Engine]:
    monkeypatch.setattr("qwlsp.engine.memory.PARKED_TOKENS", PARKED)
    return lambda states: Engine(model, flash_attention=request.param, states=states)


@pytest.fixture
def fresh_answer(make_engine: Callable[[None], Engine]) -> Callable[[Generate], str]:
    known: dict[str, str] = {}

    def answer(request: Generate) -> str:
        key = repr(request.messages)
        if key not in known:
            engine = make_engine(None)
            known[key] = engine.answer(request)
            engine.memory.close()
        return known[key]

    return answer


@pytest.fixture
def engine(make_engine: Callable[[Path], Engine], tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(tmp_path / "states" / "tiny")
    yield made
    made.memory.close()


@pytest.mark.parametrize(
    "steps", [150, pytest.param(STEPS, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_answers_do_not_depend_on_what_went_before(
    engine: Engine, fresh_answer: Callable[[Generate], str], steps: int
) -> None:
    chance = random.Random(7)
    editor = Editor(chance)
    asked = 0
    for step in range(steps):
        action = chance.choice(["ask", "ask", "stop", "read ahead", "preempt", "edit", "save"])
        engine.interrupts.after(None)
        request = Generate(
            id=step, messages=editor.chat(), sampling=Sampling(temperature=0), max_tokens=ANSWER
        )
        if action == "ask":
            assert engine.answer(request) == fresh_answer(request)
            asked += 1
        elif action == "stop":
            engine.interrupts.after(chance.randrange(12))
            with suppress(Stopped):
                engine.answer(request)
        elif action in ("read ahead", "preempt"):
            if action == "preempt":
                engine.interrupts.after(chance.randrange(8))
            plan = ReadAhead(id=step, chats=[editor.chat(), editor.chat()], save_power=False)
            with suppress(Stopped):
                engine.read_ahead(plan)
        elif action == "edit":
            editor.edit()
        else:
            engine.memory.save_one()
            if chance.random() < 0.2:
                engine.memory.close()
                engine.restart()
    assert asked > steps // 6


def _text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Piece))
