from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from qwlsp import edits
from qwlsp.bugs.configuration import BadConfiguration, layers
from qwlsp.bugs.finding import Finding
from qwlsp.bugs.rules import found_by_rules, table
from qwlsp.checks.linter import LinterFailed, known_rules
from qwlsp.text import Span, Text

MUTABLE = "def f(x=[]):\n    return x\n"
BOTH = "def f(x=[]):\n    return y\n"


@pytest.fixture(autouse=True)
def no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def found(code: str, path: Path | str = "/nowhere/a.py", **options: object) -> list[Finding]:
    return found_by_rules(Text.of(code), path=str(path), **options)  # type: ignore[arg-type]


def codes(code: str, path: Path | str = "/nowhere/a.py", **options: object) -> set[str]:
    return {each.origin.removeprefix("ruff:") for each in found(code, path, **options)}


def project(folder: Path, settings: str, name: str = "ruff.toml") -> Path:
    (folder / name).write_text(settings, "utf-8")
    (folder / "src").mkdir(exist_ok=True)
    return folder / "src" / "a.py"


# The table.


def test_every_rule_exists_in_ruff() -> None:
    assert set(table()) - known_rules() == {"invalid-syntax"}


@pytest.mark.parametrize("code", table())
def test_reasons_are_two_or_three_sentences(code: str) -> None:
    why = table()[code].why
    assert why.endswith(".")
    assert 2 <= len(re.findall(r"[^.][.;](?=\s|$)", why)) <= 4
    assert len(why) <= 240


@pytest.mark.parametrize("code", table())
def test_rules_have_a_short_kind_and_a_known_severity(code: str) -> None:
    assert 1 <= len(table()[code].kind.split()) <= 3
    assert table()[code].severity in ("error", "warning", "information")


@pytest.mark.parametrize("code", ["F401", "F841", "E501", "I001", "B904"])
def test_style_is_left_out(code: str) -> None:
    assert code not in table()


# What is found.


def test_finding_is_complete() -> None:
    (finding,) = found(MUTABLE)
    assert finding.span == Span(8, 10)
    assert finding.severity == "warning"
    assert finding.message == "Do not use mutable data structures for argument defaults."
    assert finding.quote == "def f(x=[]):"
    assert finding.origin == "ruff:B006"
    assert finding.kind == "mutable default"
    assert finding.confidence == 1.0
    assert "made once" in finding.why


def test_fix_of_ruff_mends_the_bug() -> None:
    (finding,) = found(MUTABLE)
    assert finding.fix is not None and finding.fix_title.startswith("Replace with `None`")
    assert found(str(edits.apply(Text.of(MUTABLE), finding.fix))) == []


def test_without_a_fix_there_is_no_title() -> None:
    (finding,) = found("print(nothing)\n")
    assert (finding.fix, finding.fix_title) == (None, "")


def test_messages_are_one_sentence() -> None:
    for finding in found(
        "def f(x=[], y={}):\n    assert (x, 1)\n    x is 'a'\n    return z == z\n"
    ):
        assert finding.message.endswith(".")
        assert ". " not in finding.message


def test_positions_count_characters_that_take_several_bytes() -> None:
    code = "é = '𝄞'; print(missing)\n"
    (finding,) = found(code)
    assert Text.of(code).slice(finding.span) == "missing"


def test_one_rule_speaks_once_about_a_line() -> None:
    assert len(found("print(a, b, c)\nprint(d)\n")) == 2


def test_two_rules_may_speak_about_a_line() -> None:
    assert codes("def f(x=[]): return y\n") == {"B006", "F821"}


def test_findings_come_in_the_order_of_lines() -> None:
    findings = found("print(a)\ndef f(x=[]):\n    return x == x\nprint(b)\n")
    assert [each.span for each in findings] == sorted(each.span for each in findings)


def test_syntax_errors_are_found() -> None:
    findings = found("def f(:\n    pass\n")
    assert findings[0].kind == "syntax error"
    assert findings[0].severity == "error"


def test_syntax_of_a_newer_python_is_an_error_where_the_project_names_an_older(
    tmp_path: Path,
) -> None:
    code = "type X = int\n"
    assert codes(code) == set()
    assert codes(code, project(tmp_path, 'target-version = "py310"')) == {"invalid-syntax"}


def test_default_that_is_computed_once() -> None:
    clock = "from datetime import datetime\ndef f(at=datetime.now()): return at\n"
    harmless = "import typer\ndef f(at=typer.Option()): return at\n"
    assert (codes(clock), codes(harmless)) == ({"B008"}, set())


def test_function_defined_twice_but_not_an_import() -> None:
    assert codes("def f(): pass\ndef f(): pass\n") == {"F811"}
    assert codes("import os\nimport os\nprint(os)\n") == set()


def test_empty_and_odd_texts() -> None:
    assert found("") == []
    assert found("\ufeffx = 1\r\n\f\n") == []
    assert all(each.kind for each in found("x = '\x00'\n"))


def test_long_lines_and_deep_nesting() -> None:
    assert found("x = '" + "a" * 1_000_000 + "'\n") == []
    assert isinstance(found("(" * 1_500 + ")" * 1_500 + "\n"), list)


def test_notebooks_and_names_without_suffix_are_read_as_python() -> None:
    assert codes(MUTABLE, "/nowhere/a.ipynb") == codes(MUTABLE, "/nowhere/a") == {"B006"}


def test_names_that_no_file_has() -> None:
    assert codes(MUTABLE, "/nowhere/\x00.py") == {"B006"}
    assert codes(MUTABLE, "/nowhere/\ud800.py") == {"B006"}


def test_ruff_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    known_rules()
    monkeypatch.setattr("qwlsp.checks.linter.find_ruff_bin", lambda: "/nowhere/ruff")
    with pytest.raises(LinterFailed, match="not installed"):
        found(MUTABLE)


# Which rules are on.


def test_rules_can_be_chosen() -> None:
    assert codes(BOTH, rules=["F"]) == {"F821"}
    assert codes(BOTH, rules=["B006"]) == {"B006"}
    assert codes(BOTH, rules=["ALL"]) == {"B006", "F821"}
    assert codes(BOTH, rules=[]) == set()


def test_letters_of_a_selector_are_those_of_a_whole_family() -> None:
    assert codes("x = 1\nif x or True: pass\n", rules=["S"]) == set()


def test_comments_switch_a_rule_off() -> None:
    assert codes("def f(x=[]): return x  # noqa: B006\n") == set()
    assert codes("# ruff: noqa\n" + BOTH) == set()


@pytest.mark.parametrize(
    "settings",
    [
        'lint.ignore = ["B006"]',
        'lint.ignore = ["B"]',
        'lint.extend-ignore = ["B0"]',
        'lint.ignore = ["mutable-argument-default"]',
        'ignore = ["B006"]',
        '[lint]\nselect = ["B"]\nignore = ["B006"]',
        '[lint.per-file-ignores]\n"src/**" = ["B006"]',
    ],
)
def test_the_project_switches_a_rule_off(tmp_path: Path, settings: str) -> None:
    assert codes(BOTH, project(tmp_path, settings)) == {"F821"}


@pytest.mark.parametrize(
    "settings",
    [
        'lint.select = ["E"]',
        'lint.ignore = ["E", "SIM", "BL", "FURB", "NO999"]',
        '[lint]\nselect = ["B006"]\nignore = ["B"]',
        "fix = true\nfix-only = true\nshow-fixes = true",
        'output-format = "github"\npreview = false',
        'extend-exclude = ["src"]',
    ],
)
def test_other_settings_switch_nothing_off(tmp_path: Path, settings: str) -> None:
    assert codes(BOTH, project(tmp_path, settings)) == {"B006", "F821"}


def test_ignoring_everything_but_syntax_errors(tmp_path: Path) -> None:
    path = project(tmp_path, 'lint.ignore = ["ALL"]')
    assert codes(BOTH, path) == set()
    assert codes("x = (\n", path) == codes("x = (\n", rules=[]) == {"invalid-syntax"}


def test_files_that_are_excluded_by_force(tmp_path: Path) -> None:
    path = project(tmp_path, 'extend-exclude = ["src"]\nforce-exclude = true')
    assert codes(BOTH, path) == set()


def test_pyproject_counts_if_it_speaks_of_ruff(tmp_path: Path) -> None:
    project(tmp_path, 'lint.ignore = ["B006"]')
    path = tmp_path / "src" / "a.py"
    project(tmp_path / "src", "[tool.other]\n", "pyproject.toml")
    assert codes(BOTH, path) == {"F821"}
    project(tmp_path / "src", "[tool.ruff]\n", "pyproject.toml")
    assert codes(BOTH, path) == {"B006", "F821"}


def test_names_of_settings_files_in_order(tmp_path: Path) -> None:
    path = project(tmp_path, "", "ruff.toml")
    project(tmp_path, 'lint.ignore = ["B006"]', ".ruff.toml")
    project(tmp_path, '[tool.ruff.lint]\nignore = ["F"]', "pyproject.toml")
    assert codes(BOTH, path) == {"F821"}


def test_extended_settings_count(tmp_path: Path) -> None:
    project(tmp_path, 'lint.ignore = ["B006"]', "base.toml")
    assert codes(BOTH, project(tmp_path, 'extend = "base.toml"')) == {"F821"}


@pytest.mark.parametrize("key", ["select", "extend-select"])
def test_extending_settings_come_before_extended_ones(tmp_path: Path, key: str) -> None:
    project(tmp_path, 'lint.ignore = ["B006"]', "base.toml")
    path = project(tmp_path, f'extend = "base.toml"\nlint.{key} = ["B"]')
    assert codes(BOTH, path) == {"B006", "F821"}


def test_a_new_selection_forgets_what_was_ignored(tmp_path: Path) -> None:
    project(tmp_path, 'lint.ignore = ["B006"]', "base.toml")
    path = project(tmp_path, 'extend = "base.toml"\nlint.select = ["E"]')
    assert codes(BOTH, path) == {"B006", "F821"}


def test_settings_of_the_person_count_where_a_project_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "ruff").mkdir()
    project(tmp_path / "ruff", 'lint.ignore = ["B006"]')
    assert codes(BOTH) == {"F821"}


@pytest.mark.parametrize(
    "settings",
    [
        "[lint\n",
        "lint = 3",
        "[lint]\nbogus = 1",
        'required-version = "==0.0.1"',
        'extend = "nowhere.toml"',
        'extend = "ruff.toml"',
        "x = " + "[" * 2_000,
    ],
)
def test_broken_settings_do_not_count_and_are_told_of_once(tmp_path: Path, settings: str) -> None:
    told: list[str] = []
    assert codes(BOTH, project(tmp_path, settings), warn=told.append) == {"B006", "F821"}
    (sentence,) = told
    assert sentence.startswith("The project's settings for ruff do not count")
    assert sentence.endswith(".") and "\n" not in sentence


def test_settings_that_are_a_folder_or_huge(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "ruff.toml").mkdir()
    assert codes(BOTH, tmp_path / "a.py", warn=told.append) == {"B006", "F821"}
    path = project(tmp_path / "ruff.toml", "#" * (1 << 21))
    assert codes(BOTH, path, warn=told.append) == {"B006", "F821"}
    assert len(told) == 2


def test_sound_settings_give_no_warning(tmp_path: Path) -> None:
    told: list[str] = []
    found(BOTH, project(tmp_path, 'lint.select = ["B"]'), warn=told.append)
    assert told == []


@pytest.mark.parametrize("inner", ["", 'extend-select = ["B"]', 'extend-select = ["B006", "F821"]'])
@pytest.mark.parametrize("ignored", [["B"], ["B006"], ["ALL"], ["B0", "F"], ["undefined-name"]])
def test_ruff_itself_ignores_the_same(tmp_path: Path, inner: str, ignored: list[str]) -> None:
    project(tmp_path, f'lint.select = ["ALL"]\nlint.ignore = {json.dumps(ignored)}', "base.toml")
    path = project(tmp_path, f'extend = "base.toml"\n[lint]\n{inner}')
    command = ["ruff", "check", "--no-cache", "--preview", "--output-format=json"]
    command += ["--stdin-filename", str(path), "-"]
    done = subprocess.run(
        [sys.executable, "-m", *command], input=BOTH.encode(), capture_output=True, check=False
    )
    theirs = {each["code"] for each in json.loads(done.stdout)} & set(table())
    assert codes(BOTH, path) == theirs


def test_settings_in_a_circle(tmp_path: Path) -> None:
    project(tmp_path, 'extend = "ruff.toml"', "other.toml")
    with pytest.raises(BadConfiguration, match="extends itself"):
        layers(project(tmp_path, 'extend = "other.toml"'))
