"""Questions from the terminal that a server answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import in_terminal, qwlsp
from tests.contract import check_explanation
from tests.editors.scripted_server import ScriptedServer

pytestmark = pytest.mark.slow  # a process for each test

ELSEWHERE = "http://192.0.2.1:9/v1"
"""An address that nobody has."""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def test_a_server_of_this_machine_is_asked(sample: Path, server: ScriptedServer) -> None:
    run = qwlsp("explain", sample, "--base-url", server.url, "--json")
    assert (run.status, run.stderr) == (0, "")
    check_explanation(run.json)
    assert run.json["source"] == "model"
    assert run.json["model"].startswith("scripted at 127.0.0.1:")


def test_its_model_may_be_named(sample: Path, server: ScriptedServer) -> None:
    run = qwlsp("explain", sample, "--backend", "openai", "--base-url", server.url, "--model", "m")
    assert run.status == 0, run.stderr


@pytest.mark.parametrize(
    ("options", "status", "sentence"),
    [
        (["--base-url", ELSEWHERE], 1, "Nothing was sent"),
        (["--base-url", "nonsense"], 1, "must be the address"),
        (["--base-url", "http://127.0.0.1:9/v1"], 1, "can't be reached"),
        (["--base-url", ELSEWHERE, "--backend", "embedded"], 2, "--base-url is for"),
        (["--backend", "openai", "--api-key-env", "no name"], 1, "must be the name"),
    ],
)
def test_what_can_not_be_asked(
    sample: Path, options: list[str], status: int, sentence: str
) -> None:
    run = qwlsp("explain", sample, *options)
    assert run.status == status
    assert run.stdout == ""
    assert sentence in run.stderr


def test_without_a_model_no_server_is_asked(sample: Path) -> None:
    run = qwlsp("explain", sample, "--base-url", ELSEWHERE, "--no-model")
    assert (run.status, run.stderr) == (0, "")


@pytest.mark.parametrize("keys", ["n\n", "\n"])
def test_a_person_says_no(sample: Path, keys: str) -> None:
    with in_terminal("explain", sample, "--base-url", ELSEWHERE) as terminal:
        terminal.read_until(lambda screen: "[y/N]" in screen)
        assert "192.0.2.1" in terminal.screen
        terminal.type(keys)
        assert terminal.read_to_the_end() == 1


def test_ctrl_c_is_a_no(sample: Path) -> None:
    with in_terminal("explain", sample, "--base-url", ELSEWHERE) as terminal:
        terminal.read_until(lambda screen: "[y/N]" in screen)
        assert terminal.interrupt() == 130


def test_a_yes_is_remembered(sample: Path, server: ScriptedServer) -> None:
    elsewhere = server.url.replace("127.0.0.1", "0.0.0.0")
    with in_terminal("explain", sample, "--base-url", elsewhere) as terminal:
        terminal.read_until(lambda screen: "[y/N]" in screen)
        terminal.type("y\n")
        assert terminal.read_to_the_end() == 0
    run = qwlsp("explain", sample, "--base-url", elsewhere)
    assert run.status == 0, run.stderr
    assert "The code was sent to 0.0.0.0" in run.stdout
