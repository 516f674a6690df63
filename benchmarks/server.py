"""How fast the server answers: at start, and while the engine writes.

Start-up stands beside a bare pygls server's, started in turns. The rest is measured on a
10,000-line file with the engine busy all the time: the model must never keep the person waiting.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.editor import SERVE, Editor
from benchmarks.lsp_client import LspClient, Notification
from benchmarks.report import percentile, report

BARE = "from pygls.lsp.server import LanguageServer\nLanguageServer('bare', '1').start_io()\n"
LINES = 10_000
FUNCTION_LINES = 5
KEY_SECONDS = 0.05
"""Between two keystrokes of a fast typist."""


def main(argv: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks server", description=__doc__)
    parser.add_argument(
        "--model", type=Path, required=True, metavar="GGUF", help="keeps the engine busy"
    )
    parser.add_argument("--starts", type=int, default=10, help="starts of each server")
    parser.add_argument("--rounds", type=int, default=300, help="requests of each kind")
    parser.add_argument(
        "--index", type=Path, metavar="FOLDER", help="measure while this workspace is indexed, too"
    )
    options = parser.parse_args(argv)
    result = start_up(options.starts) | while_writing(options.model.absolute(), options.rounds)
    if options.index:
        result |= while_indexing(options.index.absolute())
    report(result, ("figure", "measured"), result.items())
    return 0


def start_up(starts: int) -> dict[str, float]:
    """Milliseconds from the start of the process to the answer to `initialize`, medians."""
    commands = {
        "initialize_ms": SERVE,
        "bare_pygls_initialize_ms": (sys.executable, "-c", BARE),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(starts + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            with LspClient(command) as client:
                client.request("initialize", {"processId": None, "capabilities": {}})
                times[name].append((time.perf_counter() - began) * 1000)
    # The first start of each also reads files that are not in memory yet.
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def while_writing(model: Path, rounds: int) -> dict[str, float]:
    """p99 milliseconds of what an editor asks while one answer after the other is written."""
    settings = {"model": {"path": str(model)}, "generation": {"maxTokens": 2048}}
    times: dict[str, list[float]] = {"did_change": [], "code_action": [], "hover": []}
    lines = random.Random(0)
    with (
        tempfile.TemporaryDirectory() as home,
        Editor(_program(), home=Path(home), settings=settings) as editor,
    ):
        asked = None
        for _ in range(rounds):
            if asked is None or editor.has_ended(asked):
                asked = editor.ask(0)
                editor.first_token(asked)
            line = lines.randrange(LINES // FUNCTION_LINES) * FUNCTION_LINES
            times["did_change"].append(_ms(_type, editor, line + 2))
            times["code_action"].append(_ms(editor.look_at, line + 2))
            times["hover"].append(_ms(editor.hover, line, 6))
    return {f"{name}_ms_p99": percentile(values, 99) for name, values in times.items()}


def while_indexing(folder: Path) -> dict[str, float]:
    """p99 milliseconds of a keystroke from the first file that is indexed to the last."""
    times: list[float] = []
    lines = random.Random(0)
    with (
        tempfile.TemporaryDirectory() as home,
        Editor(_program(), home=Path(home), settings={}, folder=folder) as editor,
    ):
        editor.client.find(_is_progress("begin"), since=0)
        while not any(map(_is_progress("end"), editor.client.notifications)):
            line = lines.randrange(LINES // FUNCTION_LINES) * FUNCTION_LINES
            times.append(_ms(_type, editor, line + 2))
            editor.listen(KEY_SECONDS)
    return {
        "keystrokes_while_indexing": len(times),
        "did_change_indexing_ms_p99": percentile(times, 99),
    }


def _is_progress(kind: str) -> Callable[[Notification], bool]:
    return lambda n: n.method == "$/progress" and n.params["value"]["kind"] == kind


def _type(editor: Editor, line: int) -> None:
    """One keystroke, and a request that costs nothing to know when it has been handled."""
    editor.type(line, 4, "x")
    editor.client.request(
        "workspace/executeCommand", {"command": "qwlsp.cancel", "arguments": [{"id": "none"}]}
    )


def _ms(action: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    action(*arguments)
    return (time.perf_counter() - began) * 1000


def _program() -> str:
    """A program of `LINES` lines: functions of five lines each."""
    return "".join(
        f"def function_{i}(first, second):\n"
        f'    """Return the sum of both and {i}."""\n'
        f"    total = first + second\n"
        f"    return total + {i}\n"
        "\n"
        for i in range(LINES // FUNCTION_LINES)
    )
