"""Memory of the server and of the worker, from start-up to the largest context."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.editor import Editor
from benchmarks.processes import peak_mib, resident_mib, worker_of
from benchmarks.programs import Program, function, lines
from benchmarks.report import report
from benchmarks.tokens import Tokenizer
from benchmarks.worker import Timed, Worker
from qwlsp.engine.loading import choose_kv_type
from qwlsp.engine.messages import EngineConfig, Message, Piece, Reading

FRUGAL_MIB = 800
"""Memory limit of `--frugal`, for the worker."""
SERVER_TOKENS = 2_048
"""Of the longest code that the server is asked about."""
ANSWER_TOKENS = 16
STRETCH = 4_096
"""Tokens of one figure of reading speed."""


def main(argv: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks memory", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, metavar="GGUF")
    parser.add_argument("--fill", type=int, default=2_048, help="tokens to read")
    parser.add_argument(
        "--frugal", action="store_true", help=f"with a memory limit of {FRUGAL_MIB} MiB"
    )
    options = parser.parse_args(argv)
    model = options.model.absolute()
    limit = FRUGAL_MIB if options.frugal else 0
    tokenizer = Tokenizer(model)
    config = EngineConfig(model_path=str(model), memory_limit=limit << 20 or None)
    result = at_start(model, tokenizer, limit) | filled(config, tokenizer, options.fill)
    kv_values = tokenizer.model.kv_values_per_token * result["context_tokens"]
    result["kv_type"] = choose_kv_type(config, tokenizer.model.size, kv_values)
    by_depth = result["prefill_tps_by_depth"]
    rows = [(name, value) for name, value in result.items() if value is not by_depth]
    rows += [(f"prefill_tps from token {depth} on", tps) for depth, tps in by_depth.items()]
    report(result, ("figure", "measured"), rows)
    return 0


def at_start(model: Path, tokenizer: Tokenizer, limit_mib: int) -> dict[str, Any]:
    """Both processes with the model loaded and the small context that it starts with; then the
    server alone, at its peak."""
    program = Program()
    short = program.add("short", until=lines(10))
    long = program.add("long", until=tokenizer.at_least(SERVER_TOKENS))
    settings = {
        "model": {"path": str(model), "memoryLimitMiB": limit_mib},
        "generation": {"maxTokens": ANSWER_TOKENS},
        "latency": {"readAhead": "off"},
    }
    with (
        tempfile.TemporaryDirectory() as home,
        Editor(program.text, home=Path(home), settings=settings) as editor,
    ):
        server = editor.client.process.pid
        editor.answer(editor.ask(short.line))
        start = resident_mib(server, worker_of(server))
        editor.answer(editor.ask(long.line))
        return {"start_mib": start, "peak_mib_server": peak_mib(server)}


def filled(config: EngineConfig, tokenizer: Tokenizer, fill: int) -> dict[str, Any]:
    """A worker that has grown its context to the full size and read `fill` tokens into it."""
    with Worker(config) as worker:
        [*worker.events(worker.generate(["Hi"], max_tokens=ANSWER_TOKENS))]
        tokens = min(fill, worker.context_length - ANSWER_TOKENS) - tokenizer.markup
        text = tokenizer.cut(function("filling", until=tokenizer.at_least(tokens)), tokens)
        # The context is made for the longest answer that it may become.
        prompt = tokenizer.prompt([Message(role="user", parts=[text])])
        request = worker.generate([text], max_tokens=worker.context_length - len(prompt))
        events: list[Timed] = []
        for timed in worker.events(request):
            events.append(timed)
            if isinstance(timed.event, Piece) and timed.event.tokens >= ANSWER_TOKENS:
                worker.cancel(request)
        return {
            "peak_mib_worker": peak_mib(worker.process.pid),
            "context_tokens": worker.context_length,
            "filled_tokens": len(prompt),
            "prefill_tps_by_depth": speed_by_depth(events),
        }


def speed_by_depth(events: list[Timed]) -> dict[str, float]:
    """Tokens a second of each stretch of a prompt, by the depth at which it begins."""
    read = [(t.event.read, t.at) for t in events if isinstance(t.event, Reading)]
    speeds: dict[str, float] = {}
    start, began = read[0]
    for tokens, at in read[1:]:
        if tokens - start >= STRETCH or tokens == read[-1][0]:
            speeds[str(start)] = (tokens - start) / (at - began)
            start, began = tokens, at
    return speeds
