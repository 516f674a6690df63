"""Indexing a folder: the first time, again with nothing changed, and in how much memory."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import peak_mib
from benchmarks.report import report


def main(argv: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks index", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    folder = parser.parse_args(argv).folder.absolute()
    if not folder.is_dir():
        parser.error(f"{folder} is not a folder")
    use_one_core()
    with tempfile.TemporaryDirectory() as home:
        first = measure(folder, Path(home))
        again = measure(folder, Path(home))
        size = sum(file.stat().st_size for file in Path(home).rglob("*.sqlite"))
    result = {
        "files": first["files"],
        "lines": first["lines"],
        "skipped": first["skipped"],
        "first_seconds": first["seconds"],
        "again_seconds": again["seconds"],
        "peak_mib": max(first["peak_mib"], again["peak_mib"]),
        "index_mib": size / (1 << 20),
    }
    report(result, ("figure", "measured"), result.items())
    return 0


def use_one_core() -> None:
    """Bind this process, and with it those it starts, to one core where the system can do that."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def measure(folder: Path, home: Path) -> dict[str, Any]:
    """What the indexer says of a folder, with the seconds since its process was started and its
    peak memory. Raises RuntimeError if it fails."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "qwlsp.workspace.indexer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "QWLSP_HOME": str(home)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"roots": [str(folder)]}).encode() + b"\n")
        process.stdin.flush()
        for line in process.stdout:
            message = json.loads(line)
            if "said" in message:
                print(message["said"], file=sys.stderr)
            if finished := message.get("finished"):
                seconds = time.perf_counter() - began
                return {**finished, "seconds": seconds, "peak_mib": peak_mib(process.pid)}
    raise RuntimeError("the indexer has ended")
