"""`qwlsp find-bug` as a person runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qwlsp.cli.app import app
from tests.cli.terminal import qwlsp
from tests.contract import KEYS

pytestmark = pytest.mark.slow  # a process for each test

CODE = """\
def add(apple, basket=[]):
    basket.append(apple)
    return basket


def is_ripe(apple):
    return apple.colour is "red"


def price(apple):
    return "€", prise * apple.weight
"""
LINE = re.compile(
    r"(?P<file>.+):\d+:\d+: (error|warning|information) .+ \[(ruff:[\w-]+|model, \d+%)\]"
)


@pytest.fixture
def apples(tmp_path: Path) -> Path:
    """Python with three bugs."""
    path = tmp_path / "apples.py"
    path.write_text(CODE, encoding="utf-8")
    return path


def test_one_finding_a_line(apples: Path) -> None:
    run = qwlsp("find-bug", apples, "--no-model")
    assert (run.status, run.stderr) == (0, "")
    *_, ripe, price = lines = run.stdout.splitlines()
    assert len(lines) == 3
    assert all(LINE.fullmatch(line) for line in lines)
    assert ripe.endswith(
        "apples.py:7:12: warning Use `==` to compare constant literals. [ruff:F632]"
    )
    assert price.endswith("apples.py:11:17: error Undefined name `prise`. [ruff:F821]")


def test_files_are_named_from_where_one_is(apples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(apples.parent)
    run = qwlsp("find-bug", "apples.py:11", "--no-model")
    assert run.stdout == "apples.py:11:17: error Undefined name `prise`. [ruff:F821]\n"


def test_one_function_alone(apples: Path) -> None:
    run = qwlsp("find-bug", f"{apples}:6", "--no-model", "--json")
    assert run.json["symbol"] == "is_ripe"
    assert [each["origin"] for each in run.json["findings"]] == ["ruff:F632"]


def test_the_json_object(apples: Path, tiny_model: Path) -> None:
    run = qwlsp("find-bug", apples, "--json", "--model", tiny_model)
    assert (run.status, run.stderr) == (0, "")
    assert set(run.json) == KEYS | {"findings", "warnings"}
    assert (run.json["action"], run.json["file"]) == ("find-bug", str(apples))
    assert run.json["model"] == "tiny"
    assert run.json["usage"]["output_tokens"] > 0
    by_rules = [each for each in run.json["findings"] if each["origin"] != "model"]
    assert [each["quote"] for each in by_rules] == [
        "def add(apple, basket=[]):",
        'return apple.colour is "red"',
        'return "€", prise * apple.weight',
    ]
    for each in run.json["findings"]:
        assert set(each) == {
            *("range", "severity", "message", "quote", "origin", "kind", "confidence", "fix")
        }


def test_with_a_model_the_form_is_the_same(apples: Path, tiny_model: Path) -> None:
    run = qwlsp("find-bug", apples, "--model", tiny_model)
    assert run.status == 0
    assert all(LINE.fullmatch(line) for line in run.stdout.splitlines())


def test_only_strict_fails_where_something_was_found(apples: Path) -> None:
    assert qwlsp("find-bug", apples, "--no-model").status == 0
    strict = qwlsp("find-bug", apples, "--no-model", "--strict")
    assert (strict.status, strict.stderr) == (1, "")
    assert len(strict.stdout.splitlines()) == 3
    strict = qwlsp("find-bug", apples, "--no-model", "--strict", "--json")
    assert (strict.status, len(strict.json["findings"])) == (1, 3)


def test_strict_succeeds_where_nothing_was_found(sample: Path) -> None:
    run = qwlsp("find-bug", sample, "--no-model", "--strict")
    assert (run.status, run.stdout, run.stderr) == (0, "", "")


def test_a_syntax_error_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("def eat(:\n    pass\n")
    run = qwlsp("find-bug", path, "--no-model")
    assert run.status == 0
    assert run.stdout.splitlines()[0].endswith("[ruff:invalid-syntax]")
    assert ": error " in run.stdout
    [warning] = run.stderr.splitlines()
    assert "syntax error" in warning
    assert qwlsp("find-bug", path, "--no-model", "--strict").status == 1


def test_code_is_not_obeyed_by_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "escape.py"
    path.write_text('x = {"\x1b[2J": 1, "\x1b[2J": 2}\n')
    run = qwlsp("find-bug", path, "--no-model")
    assert "repeated" in run.stdout
    assert "\x1b" not in run.stdout


def test_javascript_without_a_model(tmp_path: Path) -> None:
    path = tmp_path / "a.js"
    path.write_text("function f() { return g }\n")
    run = qwlsp("find-bug", path, "--no-model", "--strict")
    assert (run.status, run.stdout) == (0, "")
    assert run.stderr == (
        "qwlsp: Rules are for Python only. There is no model either: nothing was looked at.\n"
    )


def test_a_broken_configuration_of_ruff_is_said(apples: Path) -> None:
    (apples.parent / "ruff.toml").write_text("[lint\n")
    run = qwlsp("find-bug", apples, "--no-model")
    assert (run.status, len(run.stdout.splitlines())) == (0, 3)
    [warning] = run.stderr.splitlines()
    assert "settings for ruff do not count" in warning


def test_a_rule_that_the_project_ignores(apples: Path) -> None:
    (apples.parent / "ruff.toml").write_text('lint.ignore = ["F632"]\n')
    run = qwlsp("find-bug", apples, "--no-model")
    assert len(run.stdout.splitlines()) == 2
    assert "F632" not in run.stdout


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ((), "There is no model either: nothing was looked at."),
        (("--model", "tiny"), "Only the model has looked."),
    ],
)
def test_without_ruff(
    apples: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    end: str,
) -> None:
    def missing() -> str:
        raise FileNotFoundError("ruff")

    monkeypatch.setattr("qwlsp.checks.linter.find_ruff_bin", missing)
    chosen = ("--model", str(tiny_model)) if options else ("--no-model",)
    run = CliRunner().invoke(app, ["find-bug", str(apples), "--json", *chosen])
    assert run.exit_code == 0
    assert {each["origin"] for each in json.loads(run.stdout)["findings"]} <= {"model"}
    assert run.stderr == (
        f"qwlsp: ruff is not installed, so nothing could be checked with it. {end}\n"
    )


@pytest.mark.parametrize("words", ["German", "de", "deutsch", "zh-CN"])
def test_languages_that_are_known(apples: Path, tiny_model: Path, words: str) -> None:
    run = qwlsp("find-bug", f"{apples}:6", "--lang", words, "--model", tiny_model)
    assert (run.status, run.stderr) == (0, "")
    assert "[ruff:F632]" in run.stdout


def test_another_language_is_another_prompt(apples: Path, tiny_model: Path) -> None:
    def tokens(*options: str) -> int:
        run = qwlsp("find-bug", f"{apples}:6", "--json", "--model", tiny_model, *options)
        count: int = run.json["usage"]["prompt_tokens"]
        return count

    english = tokens("--lang", "English")
    assert tokens("--lang", "German") > english


def test_a_language_that_is_not_known_is_a_usage_error(apples: Path) -> None:
    run = qwlsp("find-bug", apples, "--no-model", "--lang", "Klingon")
    assert (run.status, run.stdout) == (2, "")
    assert "Klingon" in run.stderr


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("missing.py", "can't be read"),
        ("apples.py:99", "has no line 99"),
        (".", "is a folder"),
    ],
)
def test_places_that_there_are_not(apples: Path, place: str, sentence: str) -> None:
    run = qwlsp("find-bug", apples.parent / place, "--no-model")
    assert (run.status, run.stdout) == (1, "")
    assert sentence in run.stderr
