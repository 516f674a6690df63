"""One editor session: how long a person waits for the first token.

The same code is asked about in the ways that a session brings. Each event happens once a round,
always with code that no earlier round has seen; the medians are printed. llama-server is asked
the same tokens in the same order.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.editor import Answered, Editor
from benchmarks.llama_server import LlamaServer
from benchmarks.programs import Function, Program, lines
from benchmarks.recorder import recorded
from benchmarks.report import report
from benchmarks.tokens import Tokenizer
from qwlsp.engine.loading import usable_cores

EVENTS = {
    "warm": "a function that the cursor has been in for a while",
    "other_action": "another question about it",
    "back": "the function before it, again",
    "cold": "a function of 25 lines, with reading ahead turned off",
    "after_cancel": "a short function, when a long one's prompt is being read",
}
LONG_TOKENS = 1_340
"""Of code; the prompt around it makes that 1,800."""
CANCELLED_TOKENS = 1_700
COLD_LINES = 25
SHORT_LINES = 6
ANSWER_TOKENS = 24
CONTEXT_TOKENS = 32_768
"""Of llama-server; ours grows to as much."""
READING_SECONDS = 1.0
"""From a request to its cancellation."""
SAVING_SECONDS = 15.0
"""Before the editor is closed, for what is saved while nothing goes on."""


@dataclass(frozen=True)
class Step:
    """One event: the prompt that was put to the model, and the one that was cancelled for it."""

    event: str
    prompt: list[int]
    cancelled: list[int] | None
    first_token_ms: float
    reused_tokens: int


@dataclass(frozen=True)
class Code:
    """The program that is asked about, one function a round in each list."""

    text: str
    short: Function
    long: list[Function]
    """One more: the first round has to come back to one too."""
    cold: list[Function]
    cancelled: list[Function]


class Session:
    """Asks qwlsp, in a home of its own, and notes what it asked the model."""

    def __init__(
        self, model: Path, tokenizer: Tokenizer, home: Path, code: Code, threads: int | None
    ) -> None:
        self._tokenizer = tokenizer
        self._home = home
        self._code = code
        self._chats = home / "chats.jsonl"
        self._settings = {
            "model": {"path": str(model), "threads": threads or "auto"},
            "generation": {"maxTokens": ANSWER_TOKENS},
        }

    def with_reading_ahead(self) -> Iterator[Step]:
        """The events of a person who looks at code for a while before asking."""
        with self._editor(read_ahead="on") as editor:
            for function in (self._code.short, self._code.long[0]):
                self._look_and_ask(editor, function)
            for before, function in pairwise(self._code.long):
                yield self._step("warm", self._look_and_ask(editor, function))
                other = editor.answer(editor.ask(function.line, detail="full"))
                yield self._step("other_action", other)
                editor.settle()
                editor.look_at(before.line)
                yield self._step("back", editor.answer(editor.ask(before.line)))
            editor.listen(SAVING_SECONDS)

    def without_reading_ahead(self) -> Iterator[Step]:
        """The events of a person who was faster."""
        with self._editor(read_ahead="off") as editor:
            self._look_and_ask(editor, self._code.short)
            for cold, long in zip(self._code.cold, self._code.cancelled, strict=True):
                yield self._step("cold", editor.answer(editor.ask(cold.line)))
                unwanted = editor.ask(long.line)
                editor.listen(READING_SECONDS)
                if editor.state != "reading":
                    print("The long prompt was read before it was cancelled", file=sys.stderr)
                editor.cancel(unwanted)
                answered = editor.answer(editor.ask(self._code.short.line))
                yield self._step("after_cancel", answered, cancelled=True)

    def reopened(self) -> float:
        """First token of an earlier read function, asked about as soon as the editor is open."""
        with self._editor(read_ahead="on") as editor:
            return editor.answer(editor.ask(self._code.long[-1].line)).first_token_ms

    def _editor(self, *, read_ahead: str) -> Editor:
        return Editor(
            self._code.text,
            home=self._home,
            settings={**self._settings, "latency": {"readAhead": read_ahead}},
            command=(sys.executable, "-m", "benchmarks.recorder", str(self._chats)),
        )

    def _look_and_ask(self, editor: Editor, function: Function) -> Answered:
        editor.look_at(function.line)
        editor.settle()
        answered = editor.answer(editor.ask(function.line))
        editor.settle()
        return answered

    def _step(self, event: str, answered: Answered, *, cancelled: bool = False) -> Step:
        *_, before, last = recorded(self._chats)
        usage = answered.result["usage"]
        prompts = map(self._tokenizer.prompt, last)
        prompt = next((p for p in prompts if len(p) == usage["prompt_tokens"]), None)
        if prompt is None:
            raise RuntimeError(f"no prompt noted of {usage['prompt_tokens']} tokens")
        return Step(
            event,
            prompt,
            self._tokenizer.prompt(before[-1]) if cancelled else None,
            answered.first_token_ms,
            usage["reused_tokens"],
        )


def replay(server: LlamaServer, steps: Sequence[Step], *, ahead: bool) -> dict[str, float]:
    """Ask llama-server the same; `ahead`: with each prompt sent to it just before, unasked."""
    server.ask(steps[-1].prompt, max_tokens=ANSWER_TOKENS)  # the short one, as at our own start
    times: list[tuple[str, float]] = []
    for step in steps:
        if ahead:
            server.ask(step.prompt, max_tokens=0)
        if step.cancelled is not None:
            server.ask_and_cancel(step.cancelled, after=READING_SECONDS)
        times.append((step.event, server.ask(step.prompt, max_tokens=ANSWER_TOKENS)))
    return medians(times)


def medians(times: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The median of each event, by its name in the report."""
    by_event: dict[str, list[float]] = {event: [] for event in EVENTS}
    for event, ms in times:
        by_event[event].append(ms)
    return {f"{event}_first_token_ms": statistics.median(ms) for event, ms in by_event.items()}


def write_code(tokenizer: Tokenizer, rounds: int) -> Code:
    """A program with a function for each event of each round."""
    program = Program()
    long_enough = tokenizer.at_least(LONG_TOKENS)
    cancelled_enough = tokenizer.at_least(CANCELLED_TOKENS)
    return Code(
        short=program.add("short", until=lines(SHORT_LINES)),
        long=[program.add(f"settle_{i}", until=long_enough) for i in range(rounds + 1)],
        cold=[program.add(f"check_{i}", until=lines(COLD_LINES)) for i in range(rounds)],
        cancelled=[program.add(f"close_{i}", until=cancelled_enough) for i in range(rounds)],
        text=program.text,
    )


def main(argv: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks session", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, metavar="GGUF")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="without it, each takes what it finds best")
    parser.add_argument("--llama-server", type=Path, metavar="PATH", help="measure it too")
    options = parser.parse_args(argv)
    model = options.model.absolute()
    tokenizer = Tokenizer(model)
    code = write_code(tokenizer, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        session = Session(model, tokenizer, Path(folder), code, options.threads)
        steps = [*session.with_reading_ahead(), *session.without_reading_ahead()]
        reopened_ms = session.reopened()
    result: dict[str, Any] = dict(medians((s.event, s.first_token_ms) for s in steps))
    result["reopen_first_token_ms"] = reopened_ms
    if options.llama_server:
        with LlamaServer(
            options.llama_server,
            model,
            threads=options.threads or usable_cores(),
            context_tokens=CONTEXT_TOKENS,
        ) as server:
            result["baseline"] = replay(server, steps, ahead=False)
            result["baseline_read_ahead"] = replay(server, steps, ahead=True)
    result |= {"rounds": options.rounds, "threads": options.threads or "auto"}
    result["prompt_tokens"] = {s.event: len(s.prompt) for s in steps}
    result["reused_tokens"] = {s.event: s.reused_tokens for s in steps}
    _print(result)
    return 0


def _print(result: dict[str, Any]) -> None:
    """First-token times in milliseconds: ours, and llama-server's where it was measured."""
    columns = [result, *(result[b] for b in ("baseline", "baseline_read_ahead") if b in result)]
    header = ["first token, ms", "qwlsp", "llama-server", "prompt sent before"]
    keys = [f"{event}_first_token_ms" for event in EVENTS] + ["reopen_first_token_ms"]
    rows = [[key.removesuffix("_first_token_ms"), *(c.get(key) for c in columns)] for key in keys]
    report(result, header[: len(columns) + 1], rows)
