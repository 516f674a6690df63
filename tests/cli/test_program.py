from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qwlsp import __version__
from tests.cli.terminal import TIMEOUT, qwlsp


def test_the_version() -> None:
    run = qwlsp("--version")
    assert (run.status, run.stdout, run.stderr) == (0, f"qwlsp {__version__}\n", "")


def test_the_installed_program_is_the_same() -> None:
    program = Path(sys.executable).parent / "qwlsp"
    stdout = subprocess.check_output([program, "--version"], encoding="utf-8", timeout=TIMEOUT)
    assert stdout == f"qwlsp {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["explain", "--help"]])
def test_help(arguments: list[str]) -> None:
    run = qwlsp(*arguments)
    assert (run.status, run.stderr) == (0, "")
    assert "Usage" in run.stdout


@pytest.mark.parametrize("arguments", [[], ["dance"], ["explain"]])
def test_wrong_usage(arguments: list[str]) -> None:
    assert qwlsp(*arguments).status == 2


# The model.


def test_where_no_model_is(home: Path) -> None:
    run = qwlsp("model", "path")
    assert (run.status, run.stdout) == (1, "")
    assert run.stderr.startswith(f"qwlsp: There is no model in {home}/models.")
    assert "qwlsp model pull" in run.stderr


def test_where_the_model_is(home: Path, tiny_model: Path) -> None:
    (home / "models").mkdir(parents=True)
    mine = Path(shutil.copy(tiny_model, home / "models" / "mine.gguf"))
    for arguments, environment, path in (
        ([], {}, mine),
        ([], {"QWLSP_MODEL": str(tiny_model)}, tiny_model),
        (["--model", "mine"], {"QWLSP_MODEL": str(tiny_model)}, mine),
    ):
        run = qwlsp("model", "path", *arguments, **environment)
        assert (run.status, run.stdout, run.stderr) == (0, f"{path}\n", "")


def test_where_a_wrong_model_is(home: Path) -> None:
    run = qwlsp("model", "path", "--model", "none")
    assert (run.status, run.stdout) == (1, "")
    assert run.stderr == (
        f"qwlsp: There is no model none: it is neither a file nor a name in {home}/models.\n"
    )


def test_nothing_is_fetched_unasked(home: Path) -> None:
    run = qwlsp("model", "pull")
    assert (run.status, run.stdout) == (1, "")
    assert "491 MB" in run.stderr and "--yes" in run.stderr
    assert not home.exists()
