"""How long it takes to gather what stands around a function, in a file of 10,000 lines.

The file is made of a folder's own modules, and the folder is indexed first. An edit makes the file
anew: it has to be parsed, and its definitions found, before anything can be gathered.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from benchmarks.report import percentile, report
from qwlsp.context.gather import gather
from qwlsp.documents import Change, Snapshot
from qwlsp.home import index_folder
from qwlsp.syntax.outline import Definition
from qwlsp.text import Encoding, Range, Span, Text
from qwlsp.workspace.client import index
from qwlsp.workspace.view import Workspace

LINES = 10_000
ROUNDS = 200
SHORTEST, LONGEST = 10, 80
"""Lines of the functions asked about."""


def main(argv: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks context", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    folder = parser.parse_args(argv).folder.absolute()
    with (
        tempfile.TemporaryDirectory() as home,
        mock.patch.dict(os.environ, {"QWLSP_HOME": home}),
    ):
        asyncio.run(index(folder, lambda done, total: None))
        unchanged = list(gathering(folder, edits=False))
        edited = list(gathering(folder, edits=True))
    result = {
        "context_ms_p50": percentile(unchanged, 50),
        "context_ms_p95": percentile(unchanged, 95),
        "context_after_edit_ms_p50": percentile(edited, 50),
        "context_after_edit_ms_p95": percentile(edited, 95),
    }
    report(result, ("figure", "measured"), result.items())
    return 0


def gathering(folder: Path, *, edits: bool) -> Iterator[float]:
    """Milliseconds to gather the company of one function after the other; with `edits`, a line is
    typed into the function before."""
    path = str(folder / "benchmark_of_context.py")
    snapshot = Snapshot(Path(path).as_uri(), 1, "python", Text.of(program(folder)))
    workspace = Workspace(
        [folder], database=index_folder(), buffer=lambda asked: snapshot if asked == path else None
    )
    numbers = random.Random(0)
    for _ in range(ROUNDS):
        function = numbers.choice(functions(snapshot))
        if edits:
            snapshot = typed(snapshot, function)
        began = time.perf_counter()
        at = function.header.start
        gather(path, snapshot.scope_at(Span(at, at)), snapshot, workspace)
        yield (time.perf_counter() - began) * 1000


def program(folder: Path) -> str:
    """The modules of a folder, one after the other."""
    text = ""
    for path in sorted(folder.rglob("*.py")):
        module = path.read_text(encoding="utf-8", errors="replace")
        if "from __future__" not in module and "test" not in str(path):
            text += module + "\n"
        if text.count("\n") >= LINES:
            return text
    raise SystemExit(f"{folder} has less than {LINES} lines of Python")


def functions(snapshot: Snapshot) -> list[Definition]:
    """Those of a usual length."""
    return [
        each
        for each in snapshot.outline.definitions
        if each.kind == "function" and SHORTEST <= each.lines[1] - each.lines[0] <= LONGEST
    ]


def typed(snapshot: Snapshot, function: Definition) -> Snapshot:
    """The file after a comment was typed behind the header of a function."""
    line = snapshot.text.line_of(function.header.end - 1)
    end = snapshot.text.position(snapshot.text.line_span(line).end, Encoding.UTF16)
    return snapshot.changed(2, [Change(Range(end, end), "  # typed")], Encoding.UTF16)
