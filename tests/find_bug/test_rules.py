"""What the rules alone say about the buggy functions under cases/ and their twins."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwlsp.bugs.finding import Finding
from qwlsp.bugs.rules import found_by_rules
from qwlsp.text import Text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES_DIR = Path(__file__).parent / "cases"
CASES: list[dict[str, Any]] = tomllib.loads((CASES_DIR / "cases.toml").read_text("utf-8"))["case"]
RULE_KINDS = (
    *("mutable_default", "late_binding", "undefined_name", "always_true", "jump_in_finally"),
    "blocking_in_async",
)
GOAL = 0.9

Find = Callable[[Path], list[Finding]]
each_case = pytest.mark.parametrize("case", CASES, ids=[f"{c['kind']}-{c['name']}" for c in CASES])


@pytest.fixture(scope="module")
def find() -> Find:
    """The findings in a file, which are looked for once."""
    known: dict[Path, list[Finding]] = {}

    def findings(path: Path) -> list[Finding]:
        if path not in known:
            text = Text.of(path.read_text("utf-8"))
            known[path] = found_by_rules(text, path=f"/nowhere/{path.name}")
        return known[path]

    return findings


def buggy_path(case: dict[str, Any]) -> Path:
    return CASES_DIR / case["kind"] / f"{case['name']}.py"


def lines(path: Path, findings: list[Finding]) -> set[int]:
    text = Text.of(path.read_text("utf-8"))
    return {text.line_of(finding.span.start) + 1 for finding in findings}


def test_rules_name_the_right_line(find: Find, capsys: pytest.CaptureFixture[str]) -> None:
    right = Counter(
        case["kind"]
        for case in CASES
        if case["kind"] in RULE_KINDS
        and case["line"] in lines(buggy_path(case), find(buggy_path(case)))
    )
    all_of_them = sum(case["kind"] in RULE_KINDS for case in CASES)
    with capsys.disabled():
        share = right.total() / all_of_them
        print(f"\nrules name the right line: {right.total()} of {all_of_them} ({share:.0%})")
        print(", ".join(f"{kind} {right[kind]}" for kind in RULE_KINDS))
    assert share >= GOAL


@each_case
def test_rules_name_no_other_line(find: Find, case: dict[str, Any]) -> None:
    path = buggy_path(case)
    assert lines(path, find(path)) <= {case["line"], *case["lines"]}


@each_case
def test_rules_find_nothing_in_the_twin(find: Find, case: dict[str, Any]) -> None:
    assert find(CASES_DIR / case["kind"] / f"{case['name']}_fixed.py") == []
