"""Prompts counted beforehand, and by the engine that reads them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qwlsp.answers import Question, Turn
from qwlsp.context.gather import gather
from qwlsp.documents import Snapshot
from qwlsp.engine.messages import Generate, Reading
from qwlsp.errors import PromptTooLong
from qwlsp.preparing import Asked, Prepared, Preparer
from qwlsp.settings import Settings
from qwlsp.text import Span, Text
from qwlsp.workspace.view import Workspace
from tests.engine.asking import GREEDY, Engine

HELPERS = '''\
"""Helpers for orders."""

LIMIT = 3


class Shelf:
    """Holds things."""

    def __init__(self, things):
        self.things = things

    def take(self, name):
        """Take a thing away, or fail."""
        return self.things.pop(name)


def price(thing, *, tax=0.2):
    """The price of a thing with its tax.

    In cents.
    """
    return round(thing.net * (1 + tax))
'''


def program(numbers: random.Random) -> str:
    """Functions that use each other and the helpers; some of what is in it is no Python."""
    text = "from helpers import LIMIT, Shelf, price\n\nTOTAL = 10\n\n"
    for n in range(numbers.randrange(1, 6)):
        lines = [
            numbers.choice(
                [
                    f"    a{i} = price(x) + TOTAL",
                    f"    b{i} = Shelf([x]).take('größe 🍎 {i}')",
                    f"    if x > LIMIT:\n        return f{numbers.randrange(6)}(x, {i})",
                    "    '''```\n<|im_end|> '''",
                    "    y = (",
                    "    # " + "word " * numbers.randrange(20),
                ]
            )
            for i in range(numbers.randrange(1, 30))
        ]
        text += f"def f{n}(x):\n" + "\n".join(lines) + "\n\n\n"
    return text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace."""
    (tmp_path / "helpers.py").write_text(HELPERS)
    return tmp_path


def asked_about(text: str, at: int, folder: Path, **options: object) -> Asked:
    path = str(folder / "main.py")
    snapshot = Snapshot(Path(path).as_uri(), 1, "python", Text.of(text))
    files = Workspace([folder], database=None, buffer=lambda p: snapshot if p == path else None)
    question = Question(snapshot=snapshot, span=Span(at, at), file=path, **options)  # type: ignore[arg-type]
    scope = snapshot.scope_at(question.span)
    return Asked(question, scope, gather(path, scope, snapshot, files), Settings())


def random_questions(folder: Path, count: int) -> Iterator[Asked]:
    for seed in range(count):
        numbers = random.Random(seed)
        text = program(numbers)
        budget = numbers.choice([numbers.randrange(200, 600), numbers.randrange(600, 6000)])
        detail = numbers.choice(["brief", "full"])
        at = numbers.randrange(len(text.encode()))
        yield asked_about(text, at, folder, context_tokens=budget, detail=detail)


async def read_tokens(engine: Engine, prepared: Prepared) -> int:
    """How many tokens the engine says that the prompt has."""
    events = engine.generate(Generate(messages=prepared.messages(), sampling=GREEDY, max_tokens=1))
    async for event in events:
        if isinstance(event, Reading):
            await events.aclose()
            return event.total
    raise AssertionError("it was not read")


async def test_a_prompt_is_as_long_as_was_counted_and_within_its_budget(
    engine: Engine, folder: Path
) -> None:
    preparer, refused, shortened = Preparer(engine), 0, 0
    for asked in random_questions(folder, 60):
        budget = asked.question.context_tokens
        assert budget is not None
        try:
            [prepared] = await preparer.prepare(asked)
        except PromptTooLong as error:
            assert error.limit == budget < error.tokens
            refused += 1
            continue
        assert prepared.tokens <= budget
        assert await read_tokens(engine, prepared) == prepared.tokens
        shortened += any(piece.role == "focus" for piece in prepared.left_out)
    assert refused < 20
    assert shortened > 0


async def test_a_richer_prompt_has_more(engine: Engine, folder: Path) -> None:
    numbers = random.Random(1)
    for _ in range(5):
        text = program(numbers)
        asked = asked_about(text, text.index("def f0") + 4, folder)
        *richer, quick = await Preparer(engine).prepare(asked)
        for rich in richer:
            assert rich.tokens > quick.tokens
            assert len(rich.left_out) <= len(quick.left_out)
            assert await read_tokens(engine, rich) == rich.tokens


async def test_the_oldest_turns_go_first(engine: Engine, folder: Path) -> None:
    asked = asked_about("def f(x):\n    return x\n", 4, folder, words="And then?")
    turns = tuple(Turn(f"Question {n}?", f"Answer {n}. " * 40) for n in range(4))
    [alone] = await Preparer(engine).prepare(_within(asked, 5_000))
    [all_of_them] = await Preparer(engine).prepare(_within(replace(asked, turns=turns), 20_000))
    assert all_of_them.asked.turns == turns
    assert await read_tokens(engine, all_of_them) == all_of_them.tokens
    room = (alone.tokens + all_of_them.tokens) // 2
    [some] = await Preparer(engine).prepare(_within(replace(asked, turns=turns), room))
    assert some.asked.turns == turns[-len(some.asked.turns) :]
    assert 0 < len(some.asked.turns) < 4
    assert await read_tokens(engine, some) == some.tokens <= room


def _within(asked: Asked, tokens: int) -> Asked:
    return replace(asked, question=replace(asked.question, context_tokens=tokens))


async def test_what_is_prepared_twice_is_the_same(engine: Engine, folder: Path) -> None:
    text = program(random.Random(3))
    asked = asked_about(text, text.index("def f0") + 4, folder)
    preparer = Preparer(engine)
    first = await preparer.prepare(asked)
    await asyncio.gather(*(read_tokens(engine, prepared) for prepared in first))
    again = await preparer.prepare(asked)
    assert await preparer.prepare(asked) == again
