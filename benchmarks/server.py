"""How fast the server answers: at start, and while the engine writes.

Start-up stands beside a bare pygls server's, started in turns. The rest is measured on a
10,000-line file with the engine busy all the time: the model must never keep the person waiting.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.lsp_client import LspClient

BARE = "from pygls.lsp.server import LanguageServer\nLanguageServer('bare', '1').start_io()\n"
LINES = 10_000
URI = "file:///benchmark/large.py"
CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True},
    "experimental": {"qwlsp": True},
}


def main(argv: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks server", description=__doc__)
    parser.add_argument("--model", type=Path, help="GGUF that keeps the engine busy")
    parser.add_argument("--starts", type=int, default=10, help="starts of each server")
    parser.add_argument("--rounds", type=int, default=300, help="requests of each kind")
    options = parser.parse_args(argv)
    result = start_up(options.starts)
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or _tiny_model(Path(folder))
        result |= while_writing(model.absolute(), Path(folder), options.rounds)
    for name, value in result.items():
        print(f"{name:28} {value:10.2f}")
    print(json.dumps(result))
    return 0


def start_up(starts: int) -> dict[str, float]:
    """Milliseconds from the start of the process to the answer to `initialize`, medians."""
    times: dict[str, list[float]] = {"initialize_ms": [], "bare_pygls_initialize_ms": []}
    commands = {
        "initialize_ms": [sys.executable, "-m", "qwlsp", "serve"],
        "bare_pygls_initialize_ms": [sys.executable, "-c", BARE],
    }
    for _ in range(starts + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            client = LspClient(command)
            client.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
            times[name].append((time.perf_counter() - began) * 1000)
            client.close()
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    medians["initialize_ratio"] = medians["initialize_ms"] / medians["bare_pygls_initialize_ms"]
    return medians


def while_writing(model: Path, home: Path, rounds: int) -> dict[str, float]:
    """p99 milliseconds of what an editor asks while one answer after the other is written."""
    client = LspClient(
        [sys.executable, "-m", "qwlsp", "serve"], env={**os.environ, "QWLSP_HOME": str(home)}
    )
    settings = {"model": {"path": str(model)}, "generation": {"maxTokens": 2048}}
    client.request(
        "initialize",
        {
            "processId": None,
            "rootUri": None,
            "capabilities": CAPABILITIES,
            "initializationOptions": settings,
        },
    )
    client.notify("initialized", {})
    client.notify(
        "textDocument/didOpen",
        {"textDocument": {"uri": URI, "languageId": "python", "version": 1, "text": _program()}},
    )
    editor = _Editor(client)
    _ask(client, editor.version)
    client.wait_for("qwlsp/answer")  # the engine writes
    for _ in range(rounds):
        if any(n["method"] == "qwlsp/answer" and n["params"]["done"] for n in client.notifications):
            _ask(client, editor.version)
        client.notifications.clear()
        editor.round()
    client.close()
    return {f"{name}_ms_p99": _p99(values) for name, values in editor.times.items()}


class _Editor:
    """Types somewhere and asks what editors ask after it."""

    def __init__(self, client: LspClient) -> None:
        self.version = 1
        self.times: dict[str, list[float]] = {"did_change": [], "code_action": [], "hover": []}
        self._client = client
        self._random = random.Random(0)

    def round(self) -> None:
        line = self._random.randrange(LINES // 5) * 5 + 2
        cursor = {"line": line, "character": 4}
        self._timed("did_change", lambda: self._type(cursor))
        document = {"uri": URI}
        self._timed(
            "code_action",
            lambda: self._client.request(
                "textDocument/codeAction",
                {
                    "textDocument": document,
                    "range": {"start": cursor, "end": cursor},
                    "context": {"diagnostics": []},
                },
            ),
        )
        header = {"line": line - 2, "character": 6}
        self._timed(
            "hover",
            lambda: self._client.request(
                "textDocument/hover", {"textDocument": document, "position": header}
            ),
        )

    def _type(self, cursor: dict[str, int]) -> None:
        """One keystroke, and a request that costs nothing to know when it has been handled."""
        self.version += 1
        self._client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": URI, "version": self.version},
                "contentChanges": [{"range": {"start": cursor, "end": cursor}, "text": "x"}],
            },
        )
        self._client.request(
            "workspace/executeCommand", {"command": "qwlsp.cancel", "arguments": [{"id": "none"}]}
        )

    def _timed(self, name: str, action: Any) -> None:
        began = time.perf_counter()
        action()
        self.times[name].append((time.perf_counter() - began) * 1000)


def _ask(client: LspClient, version: int) -> None:
    client.request(
        "workspace/executeCommand",
        {
            "command": "qwlsp.explain",
            "arguments": [
                {
                    "uri": URI,
                    "version": version,
                    "range": {
                        "start": {"line": 1, "character": 0},
                        "end": {"line": 1, "character": 0},
                    },
                    "fresh": True,
                }
            ],
        },
    )


def _program() -> str:
    """A program of LINES lines: functions of five lines each."""
    return "".join(
        f"def function_{i}(first, second):\n"
        f'    """Return the sum of both and {i}."""\n'
        f"    total = first + second\n"
        f"    return total + {i}\n"
        "\n"
        for i in range(LINES // 5)
    )


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def _tiny_model(folder: Path) -> Path:
    from tests.tiny_model import build

    path = folder / "tiny.gguf"
    build(path)
    return path
