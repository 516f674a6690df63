"""How many answers are right, for a model and for the rules alone, over the case sets of the tests.

A case of `find_bug` is passed if there is a finding on one of the lines that have the bug; its
twin, the same function without the bug, should have none.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from benchmarks.report import report
from qwlsp.answers import Question, Report
from qwlsp.asking import Model
from qwlsp.bugs.dismissed import Dismissed
from qwlsp.documents import Snapshot
from qwlsp.home import dismissed_file
from qwlsp.inspecting import find_bugs
from qwlsp.opening import open_model
from qwlsp.settings import ModelSettings, Settings
from qwlsp.text import Span, Text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FIND_BUG = Path(__file__).parents[1] / "tests" / "find_bug" / "cases"
HEADER = ("case set", "cases", "passed", "no model", "twins with findings")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A function with a bug of a kind on one of `lines`, from 1, and its twin without: texts of
    files, whose `name` says nothing of that."""

    kind: str
    name: str
    function: str
    lines: frozenset[int]
    buggy: str
    fixed: str


@dataclass(frozen=True)
class Score:
    """Whether the bug was found, and whether one was in the twin."""

    passed: bool
    false_alarm: bool


def main(argv: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks quality", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--model", type=Path, metavar="GGUF")
    which.add_argument("--no-model", action="store_true", help="only what the rules find")
    parser.add_argument("--limit", type=int, metavar="N", help="cases of each kind")
    options = parser.parse_args(argv)
    model = options.model.absolute() if options.model else None
    cases = limited(list(read(FIND_BUG)), options.limit)
    with (
        tempfile.TemporaryDirectory() as home,
        mock.patch.dict(os.environ, {"QWLSP_HOME": home}),
    ):
        result = measure(cases, model)
    report(result, HEADER, ((name, *figures.values()) for name, figures in result.items()))
    return 0


def read(folder: Path) -> Iterator[Case]:
    """The cases that `cases.toml` of a folder lists."""
    for case in tomllib.loads((folder / "cases.toml").read_text("utf-8"))["case"]:
        buggy, fixed = (
            (folder / case["kind"] / f"{case['name']}{twin}.py").read_text("utf-8")
            for twin in ("", "_fixed")
        )
        yield Case(
            kind=case["kind"],
            name=case["name"],
            function=case["function"],
            lines=frozenset([case["line"], *case["lines"]]),
            buggy=buggy,
            fixed=fixed,
        )


def limited(cases: Sequence[Case], limit: int | None) -> list[Case]:
    """The first `limit` cases of each kind; None keeps all."""
    taken: Counter[str] = Counter()
    kept = []
    for case in cases:
        if limit is None or taken[case.kind] < limit:
            taken[case.kind] += 1
            kept.append(case)
    return kept


def measure(cases: Sequence[Case], path: Path | None) -> dict[str, dict[str, int | None]]:
    """By set of cases: how many there are, how many are passed with the model at `path` (None
    without one) and without any, and in how many twins something is found, with the model if there
    is one."""
    by_rules = asyncio.run(scores(cases, None))
    by_model = asyncio.run(scores(cases, path)) if path else None
    result: dict[str, dict[str, int | None]] = {}
    for kind in dict.fromkeys(case.kind for case in cases):
        own = [index for index, case in enumerate(cases) if case.kind == kind]
        result[f"find_bug/{kind}"] = {
            "cases": len(own),
            "passed": sum(by_model[index].passed for index in own) if by_model else None,
            "no_model_passed": sum(by_rules[index].passed for index in own),
            "twins_with_findings": sum((by_model or by_rules)[index].false_alarm for index in own),
        }
    return result


async def scores(cases: Sequence[Case], path: Path | None) -> list[Score]:
    """That of each case, with the model at `path` and the settings that are the default."""
    settings = Settings(model=ModelSettings(path=str(path or "")))
    model = open_model(settings) if path else None
    try:
        return [await score(case, settings, model) for case in cases]
    finally:
        if model is not None:
            await model.engine.close()


async def score(case: Case, settings: Settings, model: Model | None) -> Score:
    """Whether the function of a case, and that of its twin, are told from one another."""
    found = await lines_found(case, case.buggy, settings, model)
    in_twin = await lines_found(case, case.fixed, settings, model)
    return Score(bool(found & case.lines), bool(in_twin))


async def lines_found(case: Case, code: str, settings: Settings, model: Model | None) -> set[int]:
    """The lines, from 1, with findings in the function of a case as it stands in `code`."""
    question = asked(case, code)
    scope = question.snapshot.scope_at(question.span)
    dismissed = Dismissed(dismissed_file())
    async for update in find_bugs(question, scope, settings, model, dismissed):
        answer = update
    assert isinstance(answer, Report)
    return {answer.text.line_of(each.span.start) + 1 for each in answer.findings}


def asked(case: Case, code: str) -> Question:
    """The question about the function of a case as it stands in `code`."""
    # No project is around it, whose configuration could switch rules off.
    file = Path(os.sep, "nowhere", f"{case.name}.py").absolute()
    snapshot = Snapshot(file.as_uri(), 1, "python", Text.of(code))
    at = next(
        each.header.end
        for each in snapshot.outline.definitions
        if each.qualified_name == case.function
    )
    return Question(snapshot=snapshot, span=Span(at, at), file=str(file), action="find-bug")
