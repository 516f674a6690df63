"""Many editors at once against one server: whether each gets its answers, and its share of them.

Each editor is a service of its own with connections of its own, as in a server process, and asks
for one explanation after another, each of other code; all of them live in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import resident_mib
from benchmarks.programs import function, lines
from benchmarks.report import percentile, report
from qwlsp.answers import Answer, Question, Writing
from qwlsp.cache import AnswerCache
from qwlsp.documents import Snapshot
from qwlsp.errors import QwlspError
from qwlsp.opening import open_model
from qwlsp.remote.server import ServerConfig
from qwlsp.service import Service
from qwlsp.settings import from_json
from qwlsp.text import Span, Text
from qwlsp.workspace.view import Workspace

WARM_UP = 0.25
"""Share of the time before memory counts."""


@dataclass
class Editor:
    """What one editor has seen."""

    first_word_ms: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def main(argv: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks load", description=__doc__)
    parser.add_argument("--base-url", required=True, metavar="URL", help="ends with /v1")
    parser.add_argument("--model", default="", metavar="NAME", help="one of the server's")
    parser.add_argument("--api-key-env", default="", metavar="NAME")
    parser.add_argument("--editors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--lines", type=int, default=25, help="of the functions asked about")
    parser.add_argument("--server-pid", type=int, help="whose memory is watched, too")
    options = parser.parse_args(argv)
    result, failures = asyncio.run(measure(options))
    report(result, ("figure", "measured"), result.items())
    for sentence, count in failures.items():
        print(f"{count} x {sentence}")
    return 0


async def measure(options: argparse.Namespace) -> tuple[dict[str, Any], Counter[str]]:
    """The figures, and how often each failure was seen."""
    began = time.monotonic()
    deadline = began + options.seconds
    editors = [Editor() for _ in range(options.editors)]
    pids = [os.getpid(), *([options.server_pid] if options.server_pid else [])]
    before: list[float] = []

    async def weigh() -> None:
        await asyncio.sleep(WARM_UP * options.seconds)
        before.extend(map(resident_mib, pids))

    work = [follow(options, number, each, deadline) for number, each in enumerate(editors)]
    await asyncio.gather(weigh(), *work)
    words = [ms for each in editors for ms in each.first_word_ms]
    answered = [len(each.first_word_ms) for each in editors]
    failures = Counter(sentence for each in editors for sentence in each.failures)
    growth = [resident_mib(pid) - mib for pid, mib in zip(pids, before, strict=True)]
    return {
        "editors": options.editors,
        "seconds": time.monotonic() - began,
        "answered": sum(answered),
        "failed": failures.total(),
        "answers_per_minute": 60 * sum(answered) / (time.monotonic() - began),
        "fewest_of_an_editor": min(answered),
        "most_of_an_editor": max(answered),
        "first_word_ms_p50": percentile(words, 50) if words else None,
        "first_word_ms_p95": percentile(words, 95) if words else None,
        "rss_growth_mib": growth[0],
        "server_rss_growth_mib": growth[1] if options.server_pid else None,
    }, failures


async def follow(options: argparse.Namespace, number: int, editor: Editor, deadline: float) -> None:
    """Ask until the time is up; the question that runs then is answered still."""
    asked = 0
    async with service(options) as answering:
        while time.monotonic() < deadline:
            name = f"editor_{number}_question_{asked}"
            asked += 1
            began = time.monotonic()
            try:
                first = await first_word(answering, question(name, options.lines))
                editor.first_word_ms.append(1000 * (first - began))
            except QwlspError as error:
                editor.failures.append(str(error))


@asynccontextmanager
async def service(options: argparse.Namespace) -> AsyncIterator[Service]:
    """The part of a language server that answers."""
    backend = {
        "kind": "openai",
        "baseUrl": options.base_url,
        "model": options.model,
        "apiKeyEnv": options.api_key_env,
    }
    generation = {"maxTokens": options.max_tokens}
    settings, problems = from_json({"backend": backend, "generation": generation})
    assert not problems, problems
    model = open_model(settings, permit=allowed)
    assert model is not None
    with tempfile.TemporaryDirectory() as home:
        database = Path(home)
        files = Workspace([], database=database, buffer=lambda path: None)
        cache = AnswerCache(database / "answers.sqlite")
        try:
            yield Service(settings, model=model, cache=cache, files=lambda: files)
        finally:
            await model.engine.close()
            cache.close()


async def allowed(_server: ServerConfig, _file: str) -> None:
    """Whoever starts this has named the server."""


def question(name: str, length: int) -> Question:
    """About a function that nobody has asked about before."""
    code = function(name, until=lines(length))
    snapshot = Snapshot(f"file:///{name}.py", 1, "python", Text.of(code))
    return Question(snapshot=snapshot, span=Span(0, 0), file=f"{name}.py", use_cache=False)


async def first_word(answering: Service, asked: Question) -> float:
    """When the first words came of an answer that is then read to its end. Raises QwlspError."""
    first = 0.0
    async for update in answering.answer(asked):
        if isinstance(update, (Writing, Answer)):
            first = first or time.monotonic()
    return first
