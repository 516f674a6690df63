"""`qwlsp ask` as a person runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import in_terminal, qwlsp
from tests.contract import check_explanation, focus_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a sign of a project, two modules and a text."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    (tmp_path / "orders.py").write_text(
        'def read_orders(path):\n    """Reads the orders of a day."""\n    return open(path)\n'
    )
    (tmp_path / "report.py").write_text(
        "from orders import read_orders\n\n\ndef report(path):\n    return len(read_orders(path))\n"
    )
    (tmp_path / "NOTES.md").write_text("# Prices\n\nPrices are in cents.\n")
    (tmp_path / ".env").write_text("PASSWORD=hunter2\n")
    return tmp_path


def test_the_json_object(project: Path, tiny_model: Path) -> None:
    place = f"{project / 'report.py'}:5"
    options = ("--json", "--model", tiny_model, "--max-tokens", 8, "--context-tokens", 4000)
    run = qwlsp("ask", place, "What is counted?", *options)
    assert (run.status, run.stderr) == (0, "")
    check_explanation(run.json, action="ask")
    assert run.json["symbol"] == "report"
    definition = [p for p in run.json["context"] if p["role"] == "definition"]
    assert [(p["path"], p["lines"]) for p in definition] == [(str(project / "orders.py"), [1, 3])]


def test_without_a_model_the_places_are_named(project: Path) -> None:
    run = qwlsp("ask", f"{project / 'report.py'}:5", "Where are orders read?", "--no-model")
    assert run.status == 0
    assert f"`read_orders`, [`orders.py:1`]({(project / 'orders.py').as_uri()}#L1)" in run.stdout
    assert "no model" in run.stdout


def test_a_question_about_a_folder(project: Path, tiny_model: Path) -> None:
    options = ("--json", "--model", tiny_model, "--max-tokens", 8)
    run = qwlsp("ask", project, "In which unit are prices?", *options)
    assert run.status == 0
    check = run.json
    assert check["file"] == str(project)
    assert str(project / "NOTES.md") in {piece["path"] for piece in check["context"]}


def test_secrets_are_not_found(project: Path) -> None:
    run = qwlsp("ask", project, "What is the password hunter2?", "--no-model", "--json")
    assert run.status == 0
    assert ".env" not in run.json["markdown"]


def test_nothing_to_be_found(project: Path) -> None:
    run = qwlsp("ask", project, "xylophone?", "--no-model")
    assert (run.status, run.stderr) == (0, "")
    assert "Nothing was found" in run.stdout


def test_an_empty_question_is_a_usage_error(project: Path) -> None:
    assert qwlsp("ask", project / "report.py", " ").status == 2


def test_a_folder_can_not_be_explained(project: Path) -> None:
    run = qwlsp("explain", project, "--no-model")
    assert run.status == 1
    assert run.stderr == f"qwlsp: {project} is a folder; name a file.\n"


@pytest.mark.slow
def test_a_log_of_28_000_tokens(tmp_path: Path, tiny_model: Path) -> None:
    path = _log(tmp_path)
    options = ("--json", "--model", tiny_model, "--max-tokens", 4, "--context-tokens", 32000)
    data = qwlsp("ask", path, "What failed?", *options).json
    assert data["left_out"] == []
    assert 28_000 <= data["usage"]["prompt_tokens"] <= 32_000
    assert focus_of(data)["lines"][0] == 1


@pytest.mark.slow
def test_ctrl_c_while_a_long_log_is_read(tmp_path: Path, tiny_model: Path) -> None:
    options = ("--model", tiny_model, "--context-tokens", 32000)
    with in_terminal("ask", _log(tmp_path), "What failed?", *options) as terminal:
        terminal.read_until(lambda screen: "Reading:" in screen)
        terminal.type("\x03")
        assert terminal.read_to_the_end() == 130


def _log(folder: Path) -> Path:
    """A log of some more than 28,000 tokens of the tiny model's."""
    path = folder / "build.log"
    path.write_text("".join(f"{n} ok\n" for n in range(4_250)))
    return path
