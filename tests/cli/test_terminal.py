"""What a person at a terminal sees, and how Ctrl-C ends it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, in_terminal
from tests.contract import check_explanation
from tests.processes import all_end

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


LENGTHY = ("--max-tokens", 8000, "--temperature", 1)


def _check_sane(terminal: Terminal) -> None:
    assert terminal.screen.rfind(SHOW_CURSOR) > terminal.screen.rfind(HIDE_CURSOR) > -1


@pytest.mark.parametrize("written", [0, 3000], ids=["at the start", "while it writes"])
def test_ctrl_c_ends_everything(sample: Path, tiny_model: Path, written: int) -> None:
    with in_terminal("explain", f"{sample}:17", "--model", tiny_model, *LENGTHY) as terminal:
        terminal.read_until(lambda screen: HIDE_CURSOR in screen and len(screen) > written)
        children = terminal.children()
        terminal.type("\x03")
        assert terminal.read_to_the_end() == 130
        _check_sane(terminal)
        assert all_end(children, 5)


def test_ctrl_c_is_for_the_program_alone(sample: Path, tiny_model: Path) -> None:
    with in_terminal("explain", f"{sample}:17", "--model", tiny_model, *LENGTHY) as terminal:
        terminal.read_until(lambda screen: len(screen) > 3000)
        [worker] = terminal.children()
        group = os.getpgid(worker.pid)
        terminal.type("\x03")
        assert terminal.read_to_the_end() == 130
        assert "Traceback" not in terminal.screen
        assert "KeyboardInterrupt" not in terminal.screen
        assert group != terminal.process.pid


def test_the_answer_is_left_on_the_screen_once(sample: Path) -> None:
    with in_terminal("explain", f"{sample}:17", "--no-model") as terminal:
        assert terminal.read_to_the_end() == 0
        _check_sane(terminal)
        assert terminal.screen.count("without a model") == 1


def test_the_json_object_is_all_there_is_on_the_screen(sample: Path) -> None:
    with in_terminal("explain", f"{sample}:17", "--no-model", "--json") as terminal:
        assert terminal.read_to_the_end() == 0
        check_explanation(json.loads(terminal.screen))
