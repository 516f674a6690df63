"""The buggy functions under cases/ are what cases.toml says, each with its one bug."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES_DIR = Path(__file__).parent / "cases"
RULE_KINDS = (
    "mutable_default",
    "late_binding",
    "undefined_name",
    "always_true",
    "jump_in_finally",
    "blocking_in_async",
)
MODEL_KINDS = (
    "off_by_one",
    "wrong_operator",
    "wrong_variable",
    "missing_return",
    "swapped_arguments",
    "forgotten_edge_case",
)
BUG_RULES = "E9,F,B,PLE,PLW,ASYNC,RUF,PLR0124,SIM222"
REQUIRED_KEYS = {"kind", "name", "function", "line", "lines", "message"}

Case = dict[str, Any]
Finding = tuple[str, int]  # (rule, line counted from 1)


def read_cases() -> list[Case]:
    cases: list[Case] = tomllib.loads((CASES_DIR / "cases.toml").read_text("utf-8"))["case"]
    return cases


CASES = read_cases()
each_case = pytest.mark.parametrize("case", CASES, ids=[f"{c['kind']}-{c['name']}" for c in CASES])
each_shown_case = pytest.mark.parametrize(
    "case",
    [case for case in CASES if "call" in case],
    ids=[f"{c['kind']}-{c['name']}" for c in CASES if "call" in c],
)


def buggy_path(case: Case) -> Path:
    return CASES_DIR / case["kind"] / f"{case['name']}.py"


def fixed_path(case: Case) -> Path:
    return CASES_DIR / case["kind"] / f"{case['name']}_fixed.py"


def find_function(path: Path, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The function of that name, "Class.method" for a method; None if the file has none."""
    body: list[ast.stmt] = ast.parse(path.read_text("utf-8")).body
    *classes, last = name.split(".")
    for outer in classes:
        body = next((n.body for n in body if isinstance(n, ast.ClassDef) and n.name == outer), [])
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == last:
            return node
    return None


def outcome(path: Path, call: str) -> str:
    """The repr of `call`'s value among the names of a file, or the name of what it raises."""
    names: dict[str, Any] = {"__name__": "case"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # newer Pythons know some of the bugs
        code = compile(path.read_text("utf-8"), str(path), "exec", dont_inherit=True)
        exec(code, names)
    try:
        return repr(eval(call, names))
    except Exception as error:
        return type(error).__name__


@pytest.fixture(scope="module")
def findings() -> dict[Path, list[Finding]]:
    """What ruff's bug rules report, by file, whatever the configuration around says."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--preview"]
    command += ["--select", BUG_RULES, "--output-format", "json", str(CASES_DIR)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[Path, list[Finding]] = {}
    for report in json.loads(done.stdout):
        finding = (report["code"], report["location"]["row"])
        found.setdefault(Path(report["filename"]), []).append(finding)
    return found


def test_six_functions_of_each_kind() -> None:
    assert Counter(case["kind"] for case in CASES) == dict.fromkeys(RULE_KINDS + MODEL_KINDS, 6)


def test_names_are_unique() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


def test_every_file_is_listed() -> None:
    listed = {path for case in CASES for path in (buggy_path(case), fixed_path(case))}
    assert set(CASES_DIR.rglob("*.py")) == listed


def test_running_shows_most_bugs_of_the_model_kinds() -> None:
    assert sum("call" in case for case in CASES if case["kind"] in MODEL_KINDS) >= 24


def test_one_function_of_a_kind_at_most_is_unknown_to_ruff() -> None:
    unknown = Counter(case["kind"] for case in CASES if not case.get("known_to_ruff", True))
    assert set(unknown.values()) <= {1}
    assert set(unknown) <= set(RULE_KINDS)


@each_case
def test_entry_is_complete(case: Case) -> None:
    keys = set(case)
    if case["kind"] in RULE_KINDS:
        assert ("rule" in keys) != (case.get("known_to_ruff") is False)
    else:
        assert not keys & {"rule", "known_to_ruff"}
    assert keys >= REQUIRED_KEYS
    assert keys - REQUIRED_KEYS - {"rule", "known_to_ruff"} in (set(), {"call", "wrong", "right"})


@each_case
def test_message_is_one_sentence(case: Case) -> None:
    assert case["message"].endswith(".")
    assert ". " not in case["message"]
    assert len(case["message"]) <= 120


@each_case
def test_first_line_names_the_kind(case: Case) -> None:
    for path in (buggy_path(case), fixed_path(case)):
        assert path.read_text("utf-8").startswith(f"# kind: {case['kind']}\n")


@each_case
def test_files_are_of_the_agreed_length(case: Case) -> None:
    for path in (buggy_path(case), fixed_path(case)):
        assert 10 <= len(path.read_text("utf-8").splitlines()) <= 35


@each_case
def test_both_files_have_the_function_and_say_what_it_does(case: Case) -> None:
    for path in (buggy_path(case), fixed_path(case)):
        function = find_function(path, case["function"])
        assert function is not None
        assert ast.get_docstring(function)


@each_case
def test_lines_are_code_of_the_function(case: Case) -> None:
    function = find_function(buggy_path(case), case["function"])
    assert function is not None and function.end_lineno is not None
    text = buggy_path(case).read_text("utf-8").splitlines()
    for line in [case["line"], *case["lines"]]:
        assert function.lineno <= line <= function.end_lineno
        assert text[line - 1].strip() and not text[line - 1].lstrip().startswith("#")
    assert len({case["line"], *case["lines"]}) == 1 + len(case["lines"])


@each_case
def test_twin_differs_in_code(case: Case) -> None:
    buggy, fixed = (ast.parse(p.read_text("utf-8")) for p in (buggy_path(case), fixed_path(case)))
    assert ast.dump(buggy) != ast.dump(fixed)


@each_shown_case
def test_running_shows_the_bug(case: Case) -> None:
    assert case["wrong"] != case["right"]
    assert outcome(buggy_path(case), case["call"]) == case["wrong"]
    assert outcome(fixed_path(case), case["call"]) == case["right"]


@each_case
def test_ruff_reports_the_bug_and_nothing_else(
    case: Case, findings: dict[Path, list[Finding]]
) -> None:
    found = findings.get(buggy_path(case), [])
    if "rule" in case:
        assert {rule for rule, _ in found} == {case["rule"]}
        assert case["line"] in {line for _, line in found}
        assert {line for _, line in found} <= {case["line"], *case["lines"]}
    else:
        assert found == []


@each_case
def test_ruff_reports_nothing_in_the_twin(case: Case, findings: dict[Path, list[Finding]]) -> None:
    assert fixed_path(case) not in findings
