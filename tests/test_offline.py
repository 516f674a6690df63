"""Everything but fetching a model works where there is no network at all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import TIMEOUT, qwlsp
from tests.contract import check_explanation
from tests.lsp.editor import open_editor

OFFLINE = ("unshare", "--map-root-user", "--net")
"""Starts a command in a network namespace of its own, which has no interface that is up."""

CODE = """\
def total(prices):
    result = 0
    for price in prices:
        result += price
    return result
"""


def _why_not() -> str:
    """Why this system can't take the network away, or ""."""
    if shutil.which(OFFLINE[0]) is None:
        return "there is no unshare here"
    try:
        subprocess.check_output([*OFFLINE, "true"], stderr=subprocess.PIPE, timeout=TIMEOUT)
    except subprocess.CalledProcessError as error:
        return f"unshare is not permitted here: {error.stderr.decode().strip()}"
    return ""


pytestmark = pytest.mark.skipif(bool(_why_not()), reason=_why_not())


@pytest.fixture(params=["with the model", "without a model"])
def model(request: pytest.FixtureRequest, tiny_model: Path) -> Path | None:
    return tiny_model if request.param == "with the model" else None


def test_there_is_no_network() -> None:
    connect = "import socket; socket.create_connection(('127.0.0.1', 9), 5)"
    command = [*OFFLINE, sys.executable, "-c", connect]
    with pytest.raises(subprocess.CalledProcessError) as error:
        subprocess.check_output(command, stderr=subprocess.PIPE, timeout=TIMEOUT)
    assert b"Network is unreachable" in error.value.stderr


def test_in_the_terminal(tmp_path: Path, model: Path | None) -> None:
    path = tmp_path / "prices.py"
    path.write_text(CODE)
    options = ["--max-tokens", 16, "--model", model] if model else []
    run = qwlsp("explain", f"{path}:3", "--json", *options, inside=OFFLINE)
    assert (run.status, run.stderr) == (0, "")
    check_explanation(run.json)
    assert run.json["source"] == ("model" if model else "structure")


async def test_in_an_editor(home: Path, model: Path | None) -> None:
    options: dict[str, Any] = {"generation": {"maxTokens": 16}}
    if model:
        options["model"] = {"path": str(model)}
    async with open_editor(home, options=options, inside=OFFLINE) as editor:
        document = editor.open("file:///prices.py", CODE)
        assert await editor.title(document, "result +=") == "Explain `total`"
        result = await editor.explained(document, "result +=")
        check_explanation(result)
        assert result["source"] == ("model" if model else "structure")
        assert await editor.hover_text(document, "total") == result["markdown"]


def test_fetching_a_model_says_what_is_missing() -> None:
    run = qwlsp("model", "pull", "--yes", inside=OFFLINE)
    assert (run.status, run.stdout) == (1, "")
    assert "can't be reached" in run.stderr
    assert run.stderr.count("\n") == 1
