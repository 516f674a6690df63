"""The same request again and again: whether answers get slower, and whether memory grows."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.editor import Editor
from benchmarks.processes import resident_mib, worker_of
from benchmarks.programs import Program, lines
from benchmarks.report import percentile, report

ANSWER_TOKENS = 16
WARM_UP = 10
"""Requests before anything is counted."""


def main(argv: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks repeat", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, metavar="GGUF")
    parser.add_argument("--requests", type=int, default=100, help="in one round")
    parser.add_argument("--rounds", type=int, default=3, help="the best one counts")
    options = parser.parse_args(argv)
    rounds, growth = measure(options.model.absolute(), options.rounds, options.requests)
    rows = [(percentile(r, 50), percentile(r, 95)) for r in rounds]
    p50, p95 = min(rows, key=lambda row: row[1] / row[0])
    result = {"p50_ms": p50, "p95_ms": p95, "ratio": p95 / p50, "rss_growth_mib": growth}
    report(result, ("figure", "measured"), result.items())
    return 0


def measure(model: Path, rounds: int, requests: int) -> tuple[list[list[float]], float]:
    """Milliseconds of each request of each round, and by how many MiB both processes have grown
    since the warm-up."""
    program = Program()
    asked_about = program.add("repeated", until=lines(15))
    settings = {
        "model": {"path": str(model)},
        # At temperature 0 the answers are equally long, however they may end.
        "generation": {"maxTokens": ANSWER_TOKENS, "temperature": 0},
    }
    with (
        tempfile.TemporaryDirectory() as home,
        Editor(program.text, home=Path(home), settings=settings) as editor,
    ):

        def times(count: int) -> list[float]:
            return [editor.answer(editor.ask(asked_about.line)).ms for _ in range(count)]

        times(WARM_UP)
        server = editor.client.process.pid
        worker = worker_of(server)
        before = resident_mib(server, worker)
        measured = [times(requests) for _ in range(rounds)]
        return measured, resident_mib(server, worker) - before
