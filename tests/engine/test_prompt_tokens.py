"""The tokens of prompts, in all languages, with all that can stand in them, down to each piece."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwlsp.answers import Answer, Question, Turn
from qwlsp.context.gather import Place, gather
from qwlsp.documents import Snapshot
from qwlsp.engine.messages import Done, Generate, longest_prompt
from qwlsp.errors import PromptTooLong
from qwlsp.preparing import Asked, Prepared, Preparer
from qwlsp.settings import GenerationSettings, Settings
from qwlsp.text import Encoding, Position, Range, Span, Text
from qwlsp.workspace.view import Workspace
from tests.engine.asking import GREEDY, Engine, done

PYTHON = '''\
"""Orders."""
import tools
from tools import Log


class Shop:
    """Sells."""

    limit = 5

    def __init__(self):
        self.log = Log()

    def sell(self, item):
        """Sell one."""
        if item:
            self.log.note(item, tools.price(item))
        return self.limit


def main():
    Shop().sell("größe 🍎")
    return "```", "<|im_end|>"
'''
SCRIPT = """\
import { price } from './tools'
/** Sells. */
export class Shop {
  limit = 5
  sell(item) {
    return price(item) + this.limit
  }
}
const main = () => new Shop().sell(1)
"""
TOOLS = '''\
class Log:
    """Writes.

    Much.
    """
    def note(self, *what):
        """Note it."""
        print(what)

def price(item, *, tax=0.2):
    """Its price."""
    return item.net * (1 + tax)
'''
FILES = {
    "a.py": PYTHON,
    "a.js": SCRIPT,
    "a.md": "# One\n\nText.\n\n## Two\n\n" + "word " * 300 + "\n",
    "a.log": "".join(f"2024-01-{n:02} failed: größe 🍎 <|im_start|>\n" for n in range(60)),
    "a.c": "int f(int a) {\n  return a;\n}\n",
    "tools.py": TOOLS,
    "tools.js": "/** Its price. */\nexport function price(item) {\n  return item.net\n}\n",
}
MAX_TOKENS = 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def asked_about(
    folder: Path, name: str, at: int, *, text: str | None = None, **question: object
) -> Asked:
    path = str(folder / name)
    opened = Workspace([folder], database=None, buffer=lambda asked: None)
    known = {"py": "python", "js": "javascript", "md": "markdown", "c": "c"}
    language = known.get(name.rpartition(".")[2], "plaintext")
    snapshot = Snapshot(
        Path(path).as_uri(), 1, language, Text.of(FILES[name] if text is None else text)
    )
    offset = snapshot.text.offset(Position(0, 0), Encoding.UTF8) + min(at, len(snapshot.text.data))
    places = [Place(str(folder / "tools.py"), (1, 8), "Log")] if question.get("words") else []
    asked = Question(snapshot=snapshot, span=Span(offset, offset), file=path, **question)  # type: ignore[arg-type]
    scope = snapshot.scope_at(asked.span)
    company = gather(path, scope, snapshot, opened, places)
    return Asked(
        asked, scope, company, Settings(generation=GenerationSettings(max_tokens=MAX_TOKENS))
    )


async def read(engine: Engine, prepared: Prepared) -> Done:
    question = prepared.asked.question
    return await done(
        engine.generate(
            Generate(
                messages=prepared.messages(),
                sampling=GREEDY,
                max_tokens=1,
                answer_start=question.continues.written if question.continues else "",
            )
        )
    )


def check_accounts(prepared: Prepared) -> None:
    """Check that the tokens of what the model sees, and of what it is told, are all there are."""
    prompt, asked, size = prepared.prompt, prepared.asked, prepared.size
    told = [prompt.system, prompt.facts, prompt.instruction]
    turns = sum(len(turn.tokens) or size(turn.written) for turn in asked.turns)
    if asked.turns:
        told += [*(turn.instruction for turn in asked.turns[1:]), asked.instruction]
    seen = sum(piece.tokens for piece in prepared.context)
    assert prepared.tokens == prepared.fixed + turns + sum(map(size, told)) + seen
    # Each piece is either in or out, and only the code in focus may be partly both.
    pieces = [(used.piece.path, used.piece.role, used.piece.name) for used in prompt.company]
    listed = [
        (piece.path, piece.role, piece.name)
        for piece in (*prepared.context, *prepared.left_out)
        if piece.role not in ("focus", "bodies") and (piece.role, piece.name) != ("outline", "")
    ]
    assert sorted(pieces) == sorted(listed)
    for piece in prepared.left_out:
        assert piece.tokens > 0 or piece.role in ("focus", "bodies")


async def check(engine: Engine, asked: Asked) -> list[Prepared]:
    """Check all prompts for a question against what the engine reads; none where none fits."""
    budget = asked.question.context_tokens
    try:
        prompts = await Preparer(engine).prepare(asked)
    except PromptTooLong as error:
        assert budget is not None
        assert error.limit == budget < error.tokens
        return []
    for prepared in prompts:
        check_accounts(prepared)
        assert budget is None or prepared.tokens <= budget
        assert (await read(engine, prepared)).prompt_tokens == prepared.tokens
    return prompts


questions = st.fixed_dictionaries(
    {
        "detail": st.sampled_from(["brief", "full"]),
        "words": st.sampled_from(["", "Why?", "Was heißt größe 🍎? <|im_end|>"]),
    }
)
budgets = st.none() | st.integers(60, 700) | st.integers(700, 4_000)
turns = st.lists(
    st.builds(
        Turn,
        st.sampled_from(["Question: why?", ""]),
        st.sampled_from(["Because.", "größe 🍎 " * 20, ""]),
        st.lists(st.integers(300, 400), max_size=30).map(tuple),
    ),
    max_size=3,
).map(tuple)


async def test_the_tokens_of_any_prompt(engine: Engine, folder: Path) -> None:
    """One engine for all examples, so hypothesis runs beside the event loop."""
    loop = asyncio.get_running_loop()
    fitting = refused = 0

    @settings(
        derandomize=True,
        deadline=None,
        database=None,
        max_examples=60,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.sampled_from(sorted(FILES)), st.integers(0, 500), questions, budgets, turns)
    def examples(
        name: str, at: int, question: dict[str, object], budget: int | None, past: tuple[Turn, ...]
    ) -> None:
        nonlocal fitting, refused
        asked = asked_about(folder, name, at, context_tokens=budget, **question)
        prompts = check(engine, replace(asked, turns=past))
        found = asyncio.run_coroutine_threadsafe(prompts, loop).result(timeout=60)
        fitting, refused = fitting + bool(found), refused + (not found)

    await asyncio.to_thread(examples)
    assert fitting > 30
    assert refused > 3


@pytest.mark.parametrize("budget", [1, 20])
async def test_a_budget_that_is_too_small_for_any_prompt(
    engine: Engine, folder: Path, budget: int
) -> None:
    for name in FILES:
        with pytest.raises(PromptTooLong) as refused:
            await Preparer(engine).prepare(asked_about(folder, name, 0, context_tokens=budget))
        assert refused.value.limit == budget < refused.value.tokens


async def test_code_that_is_too_long_is_shortened_and_the_rest_is_named(
    engine: Engine, folder: Path
) -> None:
    code = "def f():\n" + "".join(f"    value_{n} = {n}\n" for n in range(200))
    asked = asked_about(folder, "a.py", 4, text=code, context_tokens=900)
    [prepared] = await check(engine, asked)
    [focus] = [piece for piece in prepared.context if piece.role == "focus"]
    [rest] = [piece for piece in prepared.left_out if piece.role == "focus"]
    assert (focus.lines[0], rest.lines[1]) == (1, 201)
    assert focus.lines[1] + 1 == rest.lines[0]
    assert prepared.tokens > 700  # nearly all of the budget is used


async def test_a_huge_line_does_not_fit(engine: Engine, folder: Path) -> None:
    for name in ("a.py", "a.js", "a.log"):
        asked = asked_about(
            folder, name, 0, text="x = 1 + " + "1 + " * 3_000 + "1", context_tokens=1_000
        )
        with pytest.raises(PromptTooLong):
            await Preparer(engine).prepare(asked)


@pytest.mark.parametrize("name", ["a.py", "a.js", "a.log"])
async def test_an_empty_file(engine: Engine, folder: Path, name: str) -> None:
    for prepared in await check(engine, asked_about(folder, name, 0, text="")):
        assert prepared.context == ()
        assert prepared.left_out == ()


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
async def test_nothing_is_left_out_of_a_file_without_functions(
    engine: Engine, folder: Path, end: str
) -> None:
    for prepared in await check(engine, asked_about(folder, "a.py", 0, text=f"x = 1{end}")):
        assert [piece.role for piece in prepared.context] == ["focus"]
        assert prepared.left_out == ()


async def test_an_answer_that_goes_on(engine: Engine, folder: Path) -> None:
    begun = Answer(
        action="explain",
        file="a.py",
        symbol="f",
        range=Range(Position(0, 0), Position(0, 0)),
        source="model",
        markdown="",
        written="It is größe 🍎 and",
    )
    at = PYTHON.encode().index(b"def sell")
    asked = asked_about(folder, "a.py", at, continues=begun)
    [prepared] = await check(engine, asked)
    alone = (await check(engine, asked_about(folder, "a.py", at)))[-1]
    assert prepared.fixed > alone.fixed


async def test_a_rich_prompt_is_longer_than_the_quick_one(engine: Engine, folder: Path) -> None:
    """Also where the machine reads about as much in the wait as a rich prompt has."""
    for seconds in (0, 0.5, 1, 2, 3, 5, 8, 20, 600):
        for name, at in (("a.py", PYTHON.encode().index(b"def sell")), ("a.py", 0), ("a.js", 90)):
            asked = asked_about(folder, name, at)
            latency = replace(asked.settings.latency, max_wait_seconds=seconds)
            asked = replace(asked, settings=replace(asked.settings, latency=latency))
            *richer, quick = await Preparer(engine).prepare(asked)
            assert all(rich.tokens > quick.tokens for rich in richer)


async def test_no_prompt_is_longer_than_the_context_allows(
    tiny_model: Path, home: Path, folder: Path
) -> None:
    small = Engine(tiny_model, home, context_size=1024)
    try:
        asked = asked_about(folder, "a.log", 0)
        context = (await small.start()).context_length
        for prepared in await check(small, asked):
            assert prepared.tokens <= longest_prompt(context, MAX_TOKENS)
    finally:
        await small.close()
