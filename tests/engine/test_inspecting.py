"""Finding bugs with a model that knows nothing, and with one that says what it should not."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from qwlsp import edits
from qwlsp.answers import Question, ReadingPrompt, Report
from qwlsp.asking import Model
from qwlsp.bugs.dismissed import Dismissed
from qwlsp.bugs.finding import BY_MODEL, Finding, lines_of
from qwlsp.bugs.looking import BUG, LONGEST_MESSAGE, MOST_FINDINGS, NO_BUG
from qwlsp.checks import rewrites
from qwlsp.checks.linter import LinterFailed
from qwlsp.documents import Snapshot
from qwlsp.engine.messages import (
    Constraint,
    Done,
    EngineConfig,
    Event,
    Generate,
    Piece,
    Reading,
)
from qwlsp.errors import EngineError
from qwlsp.inspecting import ANSWER_TOKENS, CHOICE_TOKENS, FIX_TOKENS, MOST_FIXES, find_bugs
from qwlsp.preparing import Preparer
from qwlsp.settings import BugSettings, Settings
from qwlsp.text import Span, Text
from tests.engine.asking import Engine
from tests.tiny_model import build

FOLDERS = (
    Path(__file__).parents[1] / "find_bug" / "cases",
    Path(__file__).parents[2] / "examples",
)
RUNS, FEW = 500, 25
MODELS = 10
"""Their weights differ: each has its own favourite answers."""
BELIEVED = Settings(bugs=BugSettings(min_confidence=0))
"""Whatever a model says is shown."""

CODE = '''\
def total(prices, tax):
    """The sum."""
    result = 0

    for index in range(len(prices) - 1):
        result += prices[index]
    return result * tax
'''
LOOP = 5
MENDED = "    for index in range(len(prices)):"
WRONG = {"line": LOOP, "kind": "off by one", "message": "The last price is left out."}


def python(code: str, file: str = "/nowhere/shop.py") -> Question:
    """The question about all of a file."""
    text = Text.of(code)
    snapshot = Snapshot(Path(file).as_uri(), 1, "python", text)
    return Question(snapshot=snapshot, span=Span(0, len(text.data)), file=file, action="find-bug")


async def found(
    question: Question, model: Model | None, home: Path, settings: Settings = BELIEVED
) -> Report:
    """The report, after nothing but progress."""
    scope = question.snapshot.scope_at(question.span)
    dismissed = Dismissed(home / "dismissed.json")
    *others, last = [
        update async for update in find_bugs(question, scope, settings, model, dismissed)
    ]
    assert all(isinstance(each, ReadingPrompt) for each in others)
    assert isinstance(last, Report)
    return last


def by_model(report: Report) -> list[Finding]:
    return [each for each in report.findings if each.origin == BY_MODEL]


def check(report: Report, question: Question, windows: int = 1) -> None:
    """Fail where the report is not what it must be, whatever the model has said."""
    text, scope = report.text, question.snapshot.scope_at(question.span)
    data = json.dumps(report.to_json())
    assert json.dumps(json.loads(data)) == data
    assert len(by_model(report)) <= MOST_FINDINGS * windows
    allowed = (CHOICE_TOKENS + ANSWER_TOKENS) * windows + FIX_TOKENS * MOST_FIXES
    assert report.usage.output_tokens <= allowed
    for finding in report.findings:
        assert scope.span.start <= finding.span.start < finding.span.end <= scope.span.end
        assert text.slice(finding.span).strip() == text.slice(finding.span) != ""
        assert 0 <= finding.confidence <= 1
    for finding in by_model(report):
        assert len(finding.message) <= LONGEST_MESSAGE + 1
        assert finding.message.isprintable()
        if finding.fix:
            check_fix(finding, text)


def check_fix(finding: Finding, text: Text) -> None:
    after = edits.apply(text, finding.fix or ())
    assert after != text
    for passed in (
        rewrites.parses("a.py", text, after),
        rewrites.compiles("a.py", text, after),
        rewrites.linted("a.py", text, after),
        rewrites.layout("a.py", text, after),
        rewrites.in_places("a.py", text, after, set(lines_of(text, finding.span))),
    ):
        assert passed.passed, passed.detail


# A model with random weights.


def questions() -> list[Question]:
    """About each function of the cases and examples, and about each of their files."""
    asked: list[Question] = []
    for path in sorted(file for folder in FOLDERS for file in folder.rglob("*.py")):
        whole = python(path.read_text("utf-8"), str(path))
        asked.append(whole)
        asked += [
            replace(whole, span=Span(each.header.end, each.header.end))
            for each in whole.snapshot.outline.definitions
            if each.kind == "function"
        ]
    return asked


@asynccontextmanager
async def opened(path: Path, home: Path) -> AsyncIterator[Model]:
    engine = Engine(path, home)
    yield Model(engine, Preparer(engine), engine.config)
    await engine.close()


@pytest.fixture
async def tiny(tiny_model: Path, home: Path) -> AsyncIterator[Model]:
    async with opened(tiny_model, home) as model:
        yield model


async def test_some_runs(tiny: Model, home: Path) -> None:
    everything = questions()
    for question in everything[:: len(everything) // FEW][:FEW]:
        report = await found(question, tiny, home)
        check(report, question)
        assert report.model == "tiny"
        assert report.usage.prompt_tokens > 0


@pytest.mark.slow
async def test_many_runs(tmp_path: Path, home: Path) -> None:
    everything = questions()
    each_asked, findings = RUNS // MODELS, []
    step = len(everything) // each_asked
    for seed in range(MODELS):
        build(path := tmp_path / f"random_{seed}.gguf", seed=seed)
        async with opened(path, home) as model:
            for question in everything[seed::step][:each_asked]:
                report = await found(question, model, home)
                check(report, question)
                findings.append(len(by_model(report)))
    assert len(findings) == RUNS
    assert sum(findings) > 0  # by chance some are of the right form


# A model that says what it is told to.

Answer = str | Callable[[Constraint], str]


class Scripted:
    """An engine: finds a bug as likely as it is told, and says the same each time."""

    name = "scripted"

    def __init__(self, says: Answer, fix: str = "", likely: float = 0.9) -> None:
        self._says, self._fix, self._likely = says, fix, likely
        self.chats: list[str] = []
        self.forms: list[tuple[str, int]] = []

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        constraint, max_tokens = request.constraint, request.max_tokens
        assert constraint
        self.chats.append("".join(str(part) for each in request.messages for part in each.parts))
        self.forms.append((constraint.kind, max_tokens))
        yield Reading(id=1, read=10, total=10, reused=0)
        text, probabilities = self._answer(constraint)
        said = text[: 4 * max_tokens]
        for start in range(0, len(said), 4):
            yield Piece(id=1, text=said[start : start + 4], tokens=start // 4 + 1)
        tokens = -(-len(said) // 4)
        finish = "length" if len(said) < len(text) else "stop"
        yield Done(id=1, finish=finish, output_tokens=tokens, probabilities=probabilities)

    def _answer(self, form: Constraint) -> tuple[str, dict[str, float] | None]:
        if form.kind == "choices":
            return BUG, {BUG: self._likely, NO_BUG: 1 - self._likely}
        if form.kind == "regex":
            return self._fix, None
        return (self._says if isinstance(self._says, str) else self._says(form)), None

    def model(self) -> Model:
        config = EngineConfig(model_path="scripted.gguf")
        return Model(cast(Any, self), cast(Preparer, None), config)


def answer(*findings: object) -> str:
    return json.dumps({"findings": findings})


def but(**values: object) -> dict[str, object]:
    return {**WRONG, **values}


def numbers(form: Constraint) -> list[int]:
    """The lines that may be named."""
    assert isinstance(form.value, dict)
    item = form.value["properties"]["findings"]["items"]
    lines: list[int] = item["properties"]["line"]["enum"]
    return lines


async def said(says: Answer, home: Path, *, fix: str = "", code: str = CODE) -> list[Finding]:
    """What is made of an answer."""
    question = python(code)
    report = await found(question, Scripted(says, fix).model(), home)
    check(report, question)
    return by_model(report)


async def test_what_it_finds_is_reported(home: Path) -> None:
    question, scripted = python(CODE), Scripted(answer(WRONG))
    report = await found(question, scripted.model(), home)
    [finding] = by_model(report)
    assert finding.message == "The last price is left out."
    assert report.text.line_of(finding.span.start) + 1 == LOOP
    assert (finding.confidence, finding.fix) == (0.9, None)
    assert (report.source, report.model) == ("model", "scripted")
    assert scripted.forms == [
        ("choices", CHOICE_TOKENS),
        ("json_schema", ANSWER_TOKENS),
        ("regex", FIX_TOKENS),
    ]


@pytest.mark.parametrize(("likely", "asked"), [(0.49, 1), (0.5, 3)])
async def test_it_is_only_asked_which_where_it_is_sure_enough(
    home: Path, likely: float, asked: int
) -> None:
    scripted = Scripted(answer(WRONG), likely=likely)
    report = await found(python(CODE), scripted.model(), home, Settings())
    assert len(scripted.chats) == asked
    assert len(report.findings) == (asked > 1)


async def test_a_sound_fix_is_offered(home: Path) -> None:
    [finding] = await said(answer(WRONG), home, fix=MENDED)
    assert finding.fix is not None
    assert MENDED in str(edits.apply(Text.of(CODE), finding.fix))


@pytest.mark.parametrize(
    "fix",
    [
        "",
        "\n\n",
        "    for index in range(len(prices) - 1):",
        "    for index in range(len(prices):",
        "    for index in range(len(costs)):",
        "    return prices",
        "    import os",
        "```python\n```",
        "\ud800",
        "\x1b[2J",
        "    # nothing but a comment",
        "x" * 10_000,
        "\n".join("pass" for _ in range(50)),
    ],
)
async def test_no_other_fix_is(home: Path, fix: str) -> None:
    [finding] = await said(answer(WRONG), home, fix=fix)
    assert (finding.fix, finding.fix_title) == (None, "")


async def test_at_most_three_fixes_are_asked_for(home: Path) -> None:
    code = "".join(f"def f{n}(x):\n    return x + {n}\n\n\n" for n in range(400))

    def last(form: Constraint) -> str:
        lines = numbers(form)[-MOST_FINDINGS:]
        return answer(*(but(line=n, message=f"Line {n} is wrong somehow.") for n in lines))

    scripted = Scripted(last)
    report = await found(python(code), scripted.model(), home)
    kinds = [kind for kind, _ in scripted.forms]
    assert len(by_model(report)) > MOST_FIXES
    assert kinds.count("regex") == MOST_FIXES


@pytest.mark.parametrize("line", [0, -1, 4, 9, 10**9, 10**30, True, 5.0, "5", None, [5], {}])
async def test_lines_that_are_not_there_or_blank(home: Path, line: object) -> None:
    assert await said(answer(but(line=line)), home) == []


@pytest.mark.parametrize(
    "message",
    [
        "",
        "no",
        "........................",
        "wrong " * 25,
        "a" * 20_000,
        "The last \ud800 price is left out.",
        "The last price \x1b[2Jis left out.",
        "The last price \x00 is left out.",
        "\u202eThe last price is left out.",
        None,
        7,
        ["The last price is left out."],
    ],
)
async def test_messages_that_say_nothing(home: Path, message: object) -> None:
    assert await said(answer(but(message=message)), home) == []


@pytest.mark.parametrize("kind", ["", "bad style", None, 3, ["off by one"]])
async def test_kinds_that_there_are_not(home: Path, kind: object) -> None:
    assert await said(answer(but(kind=kind)), home) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no bug",
        "[]",
        "null",
        '{"findings": null}',
        '{"findings": [7, null, "x", []]}',
        '{"findings": [{}]}',
        '{"findings": [{"line": 5, "kind": "off by one", "message": "The la',
        '{"findings": [{"line": ' + "9" * 900,
        "[" * 900,
        '{"findings":' * 70,
        "\ufffd\ufffd\ufffd",
        "\ud800",
        answer(WRONG)[:-1],
        answer(WRONG) + answer(WRONG),
    ],
)
async def test_what_is_no_answer(home: Path, text: str) -> None:
    assert await said(text, home) == []


async def test_an_answer_that_never_ends(home: Path) -> None:
    for text in (" " * 10**6, '{"findings": [' + '{"line": 5}, ' * 10**5):
        assert await said(text, home) == []


async def test_always_the_same_line(home: Path) -> None:
    three = [but(message=f"The {nth} price is left out.") for nth in ("last", "first", "next")]
    [finding] = await said(answer(*three), home)
    assert finding.message == "The last price is left out."


async def test_always_the_same_message(home: Path) -> None:
    [finding] = await said(answer(WRONG, but(line=6), but(line=7)), home)
    assert finding.quote == "for index in range(len(prices) - 1):"


async def test_more_findings_than_were_asked_for(home: Path) -> None:
    many = [but(line=n, message=f"Line number {n} is wrong.") for n in (1, 2, 3, 5, 6)]
    assert len(await said(answer(*many), home)) == MOST_FINDINGS


async def test_rules_come_first(home: Path) -> None:
    code = CODE.replace("tax\n", "tacks\n")
    many = [but(line=7, message="The tax is left out here."), WRONG]
    question = python(code)
    report = await found(question, Scripted(answer(*many)).model(), home)
    assert [each.origin for each in report.findings] == [BY_MODEL, "ruff:F821"]


# Long functions.


def long_function(lines: int) -> str:
    body = "".join(f"    price_{n} = prices[{n}] * tax\n" for n in range(lines - 1))
    return f"def total(prices, tax):\n{body}"


async def test_a_function_of_600_lines_is_looked_at_in_windows(home: Path) -> None:
    def first_and_last(form: Constraint) -> str:
        lines = numbers(form)
        ends = (lines[0], lines[-1])
        return answer(*(but(line=n, message=f"Line number {n} is wrong.") for n in ends))

    question, scripted = python(long_function(600)), Scripted(first_and_last)
    report = await found(question, scripted.model(), home)
    windows = [kind for kind, _ in scripted.forms].count("json_schema")
    assert windows > 2
    check(report, question, windows)
    lines = [report.text.line_of(each.span.start) for each in report.findings]
    assert len(lines) == 2 * windows
    assert lines == sorted(set(lines))
    assert (lines[0], lines[-1]) == (0, 599)
    assert all(
        after == before + 1 for before, after in zip(lines[1:-1:2], lines[2::2], strict=True)
    )
    assert all("def total(prices, tax)" in chat for chat in scripted.chats[: 2 * windows])


async def test_windows_of_few_tokens(home: Path) -> None:
    question = replace(python(long_function(30)), context_tokens=100)
    scripted = Scripted(answer())
    await found(question, scripted.model(), home)
    seen = {int(n) for chat in scripted.chats for n in re.findall(r"^(\d+): ", chat, re.MULTILINE)}
    assert seen == set(range(1, 31))
    assert len(scripted.chats) > 2 * 3


# Without one of both.


class Failing(Scripted):
    """An engine whose answer of one form fails after a word."""

    def __init__(self, form: str, says: Answer, fix: str = "") -> None:
        super().__init__(says, fix)
        self._form = form

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        assert request.constraint
        async for event in super().generate(request):
            yield event
            if isinstance(event, Piece) and request.constraint.kind == self._form:
                raise EngineError("The worker was ended by SIGKILL.")


@pytest.mark.parametrize("form", ["choices", "json_schema"])
async def test_what_the_rules_find_is_kept_when_the_model_fails(home: Path, form: str) -> None:
    question = python(CODE.replace("tax\n", "tacks\n"))
    report = await found(question, Failing(form, answer(WRONG)).model(), home)
    assert [each.origin for each in report.findings] == ["ruff:F821"]
    assert report.warnings == (
        "The model could not look at everything: The worker was ended by SIGKILL.",
    )


async def test_a_window_that_fails_is_said_once(home: Path) -> None:
    failing = Failing("json_schema", answer(WRONG))
    report = await found(python(long_function(600)), failing.model(), home)
    assert len(failing.chats) > 2
    assert len(report.warnings) == 1


async def test_a_fix_that_fails_leaves_the_finding(home: Path) -> None:
    report = await found(python(CODE), Failing("regex", answer(WRONG), MENDED).model(), home)
    [finding] = by_model(report)
    assert (finding.fix, report.warnings) == (None, ())


async def test_without_ruff_the_model_looks(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> list[Finding]:
        raise LinterFailed("ruff is not there.")

    monkeypatch.setattr("qwlsp.inspecting.found_by_rules", fails)
    report = await found(python(CODE), Scripted(answer(WRONG)).model(), home)
    assert len(by_model(report)) == 1
    assert report.warnings == ("ruff is not there. Only the model has looked.",)
    report = await found(python(CODE), None, home)
    assert report.warnings == (
        "ruff is not there. There is no model either: nothing was looked at.",
    )


async def test_other_languages_are_looked_at_without_fixes(home: Path) -> None:
    code = "function total(prices) {\n  return prices[prices.length];\n}\n"
    snapshot = Snapshot("file:///shop.js", 1, "javascript", Text.of(code))
    question = replace(python(""), snapshot=snapshot, file="/shop.js")
    scripted = Scripted(answer(but(line=2)), fix="  return 1;")
    report = await found(question, scripted.model(), home)
    assert [each.quote for each in report.findings] == ["return prices[prices.length];"]
    assert report.findings[0].fix is None
    assert (len(scripted.chats), report.warnings) == (2, ())


async def test_what_was_dismissed_is_not_mended_either(home: Path) -> None:
    question, scripted = python(CODE), Scripted(answer(WRONG), MENDED)
    [finding] = by_model(await found(question, scripted.model(), home))
    dismissed = Dismissed(home / "dismissed.json")
    dismissed.dismiss(finding, question.snapshot.text, question.snapshot.scope_at(finding.span))
    scripted.forms.clear()
    report = await found(question, scripted.model(), home)
    assert report.findings == ()
    assert [kind for kind, _ in scripted.forms] == ["choices", "json_schema"]
