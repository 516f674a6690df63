"""Functions of real packages that block: each is made async and passes all checks, or is refused
with a reason."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from qwlsp.actions import make_async
from qwlsp.answers import Answer
from qwlsp.conversion import table
from qwlsp.conversion.plan import Planner
from qwlsp.conversion.program import Function, Program
from qwlsp.errors import QwlspError
from qwlsp.text import Position, Range
from tests.make_async.convert import Folder

PACKAGES = ("filelock", "huggingface_hub", "pip", "requests", "werkzeug")
MOST = 60
"""Functions of one package, so that the test ends; evenly chosen."""

NOWHERE = Range(Position(0, 0), Position(0, 0))


@cache
def folder(package: str) -> Folder:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Folder(Path(spec.origin).parent)


def blocking(package: str) -> Iterator[Function]:
    files = folder(package)
    program = Program(files, dict(files.files))
    planner = Planner(program, table.load(), set(), lambda path: frozenset())
    for path in sorted(files.files):
        if "/_vendor/" in path:
            continue
        for function in program.functions(path):
            if not function.is_async and planner.spellings(function).acts:
                yield function


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_all_that_blocks_is_converted_or_refused(
    package: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = list(blocking(package))
    chosen = found[:: max(1, len(found) // MOST)][:MOST]
    assert len(chosen) > 4
    outcomes: Counter[str] = Counter()
    for function in chosen:
        files = folder(package)
        snapshot = files.files[function.path]
        about = Answer(
            action="", file=function.path, symbol="", range=NOWHERE, source="rules", markdown=""
        )
        span = function.scope.name_span
        assert span is not None
        try:
            prepared = make_async.prepare(function.path, snapshot, span, files, table.load())
            result = make_async.finish(prepared, about, {})
        except QwlspError as reason:
            assert str(reason).endswith(".")
            outcomes["refused"] += 1
            continue
        failed = [check for check in result.checks if not check.passed]
        assert bool(result.edits) != bool(failed)
        assert all(check.detail.endswith(".") for check in failed)
        outcomes["converted" if result.edits else "not sound"] += 1
    share = outcomes["converted"] / len(chosen)
    with capsys.disabled():
        print(f"\n{package}: {share:.0%} of {len(chosen)} functions converted, {dict(outcomes)}")
