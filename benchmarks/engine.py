"""How fast the engine reads, writes and stops, next to llama-bench.

Reading and writing go through the worker process, as in use. Machines change their speed all the
time, so we and llama-bench take turns, ours-theirs-theirs-ours and the other way round: speeds are
medians, and what is compared is the median of each such round's own ratio. Plain text, JSON and
copies are compared with each other: the best of several rounds each.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.copying import copy, pairs
from benchmarks.llama_bench import llama_bench
from benchmarks.programs import function
from benchmarks.report import percentile, report
from benchmarks.tokens import Tokenizer
from benchmarks.worker import Worker, answering_speed, reading_speed, writing_speed
from qwlsp.engine.loading import usable_cores
from qwlsp.engine.messages import Constraint, EngineConfig

Speeds = Callable[[], dict[str, float]]
"""Measures tokens a second, by name."""
DEPTHS = (512, 2048)
PREFILL_TOKENS = 512
DECODE_TOKENS = 192
FORM_DEPTH = 600
"""Tokens of prompt in front of plain text, JSON and copies."""
FORM_TOKENS = 128
FINDINGS = {
    "type": "object",
    "properties": {
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "line": {"type": "integer", "minimum": 1, "maximum": 9999},
                    "severity": {"enum": ["error", "warning", "information", "hint"]},
                    "message": {"type": "string", "maxLength": 120},
                    "quote": {"type": "string", "maxLength": 80},
                    "confidence": {"enum": ["low", "medium", "high"]},
                },
                "required": ["line", "severity", "message", "quote", "confidence"],
                "additionalProperties": False,
            },
            "minItems": 3,
            "maxItems": 3,
        }
    },
    "required": ["findings"],
    "additionalProperties": False,
}
"""What a search for bugs answers. Random weights would end it anywhere, so there are just three."""
MOST_JSON_TOKENS = 1_000


def main(argv: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks engine", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, metavar="GGUF")
    parser.add_argument("--rounds", type=int, default=3, help="of four runs with llama-bench")
    parser.add_argument("--stops", type=int, default=40, help="cancellations, and preemptions")
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--llama-bench", type=Path, metavar="PATH", help="measure it too")
    options = parser.parse_args(argv)
    model = options.model.absolute()
    tokenizer = Tokenizer(model)
    config = EngineConfig(model_path=str(model), threads=options.threads)
    result: dict[str, Any] = {}
    for depth in DEPTHS:
        ours = partial(speeds, config, tokenizer, depth)
        theirs = None
        if options.llama_bench:
            theirs = partial(baseline, options.llama_bench, model, options.threads, depth)
        result |= in_turns(ours, theirs, options.rounds)
    for _ in range(options.rounds):
        _keep_best(result, forms(config, tokenizer))
        copied = [copy(tokenizer, pair, threads=options.threads) for pair in pairs()]
        speed = sum(c.tokens for c in copied) / sum(c.seconds for c in copied)
        _keep_best(result, {"decode_copy_tps": speed})
    accepted = sum(c.accepted for c in copied) / sum(c.drafted for c in copied)
    result["accepted_share"] = accepted
    with Worker(config) as worker:
        result["cancel_ms_p95"] = percentile(cancels(worker, options.stops), 95)
        result["preempt_ms_p95"] = percentile(preempts(worker, options.stops), 95)
    result["threads"] = options.threads
    rows = [
        (name, value, result.get(f"baseline_{name}"), result.get(f"relative_{name}"))
        for name, value in result.items()
        if not name.startswith(("baseline_", "relative_"))
    ]
    report(result, ("figure", "qwlsp", "llama-bench", "qwlsp / llama-bench"), rows)
    return 0


def in_turns(ours: Speeds, theirs: Speeds | None, rounds: int) -> dict[str, float]:
    """The median of every speed, theirs named `baseline_...`; and of what share of theirs ours was
    in each round, named `relative_...`."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        one, other = (ours, theirs) if number % 2 else (theirs, ours)
        totals: defaultdict[str, float] = defaultdict(float)
        for run in filter(None, (one, other, other, one)):
            prefix = "" if run is ours else "baseline_"
            for name, speed in run().items():
                taken[prefix + name].append(speed)
                totals[prefix + name] += speed
        for name in [name for name in totals if f"baseline_{name}" in totals]:
            taken[f"relative_{name}"].append(totals[name] / totals[f"baseline_{name}"])
    return {name: statistics.median(values) for name, values in taken.items()}


def speeds(config: EngineConfig, tokenizer: Tokenizer, depth: int) -> dict[str, float]:
    """Tokens a second of reading and of writing behind `depth` tokens, in a worker of its own."""
    known = _text(tokenizer, "known", depth - tokenizer.markup)
    new = _text(tokenizer, "new", PREFILL_TOKENS - tokenizer.closing)
    with Worker(config) as worker:
        written = [*worker.events(worker.generate([known], max_tokens=DECODE_TOKENS))]
        read = [*worker.events(worker.generate([known, new], max_tokens=1))]
    return {
        f"prefill_tps_{depth}": reading_speed(read),
        f"decode_tps_{depth}": writing_speed(written),
    }


def baseline(program: Path, model: Path, threads: int, depth: int) -> dict[str, float]:
    """The same, of llama-bench."""
    prefill, decode = llama_bench(
        program,
        model,
        threads=threads,
        prefill=PREFILL_TOKENS,
        decode=DECODE_TOKENS,
        depth=depth,
    )
    return {f"prefill_tps_{depth}": prefill, f"decode_tps_{depth}": decode}


def forms(config: EngineConfig, tokenizer: Tokenizer) -> dict[str, float]:
    """Tokens a second of plain text and of JSON, those that the form forces counted."""
    prompt = [_text(tokenizer, "form", FORM_DEPTH - tokenizer.markup)]
    findings = Constraint(kind="json_schema", value=FINDINGS)
    with Worker(config) as worker:

        def speed(max_tokens: int, constraint: Constraint | None) -> float:
            request = worker.generate(prompt, max_tokens=max_tokens, constraint=constraint)
            return answering_speed([*worker.events(request)])

        speed(MOST_JSON_TOKENS, findings)  # the first one makes the grammar's tokenizer
        return {
            "decode_plain_tps": speed(FORM_TOKENS, None),
            "decode_json_tps": speed(MOST_JSON_TOKENS, findings),
        }


def cancels(worker: Worker, count: int) -> Iterator[float]:
    """Milliseconds from a cancellation until the engine has stopped, while it reads (every other
    time) or writes."""
    for index in range(count):
        text = function(f"cancelled_{index}", until=lambda code: len(code) > 8_000)
        request = worker.generate([text] if index % 2 else [text[:20]], max_tokens=1_000)
        events = worker.events(request)
        next(events)
        time.sleep(_moment(index))
        worker.cancel(request)
        began = time.perf_counter()
        *_, done = events
        yield (done.at - began) * 1000


def preempts(worker: Worker, count: int) -> Iterator[float]:
    """Milliseconds from a person's request until the engine starts on it, while it reads ahead."""
    for index in range(count):
        text = function(f"preempted_{index}", until=lambda code: len(code) > 8_000)
        worker.read_ahead([text])
        time.sleep(_moment(index))
        began = time.perf_counter()
        first, *_ = worker.events(worker.generate(["Hi"], max_tokens=1))
        yield (first.at - began) * 1000


def _moment(index: int) -> float:
    """Seconds of work before it is interrupted, another time each."""
    return random.Random(index).uniform(0.1, 0.6)


def _text(tokenizer: Tokenizer, name: str, tokens: int) -> str:
    return tokenizer.cut(function(name, until=tokenizer.at_least(tokens)), tokens)


def _keep_best(result: dict[str, Any], speeds: dict[str, float]) -> None:
    for name, speed in speeds.items():
        result[name] = max(speed, result.get(name, 0.0))
