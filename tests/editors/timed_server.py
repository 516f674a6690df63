"""The language server, noting how long it takes over keystrokes.

`python -m tests.editors.timed_server FILE` serves as `qwlsp serve` does, and writes to FILE the
milliseconds in which each `textDocument/didChange` was handled, one a line.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from qwlsp.lsp.session import Session
from qwlsp.lsp.start import serve

REPOSITORY = Path(__file__).parents[2]


def timed(file: Path) -> str:
    """A line of a shell script that serves so."""
    return f"cd '{REPOSITORY}' && exec '{sys.executable}' -m tests.editors.timed_server '{file}'"


def keystrokes(file: Path) -> list[float]:
    """What has been written to the file, the fastest first."""
    return sorted(map(float, file.read_text().split()))


def p99(milliseconds: list[float]) -> float:
    """What 99 of 100 did not exceed, of sorted ones."""
    return milliseconds[round(0.99 * (len(milliseconds) - 1))]


def main(file: Path) -> None:
    """Serve one editor."""
    handle = Session.did_change

    def timed(session: Session, params: Any) -> None:
        started = time.perf_counter()
        handle(session, params)
        milliseconds = 1000 * (time.perf_counter() - started)
        with file.open("a") as times:
            times.write(f"{milliseconds:.3f}\n")

    Session.did_change = timed  # type: ignore[method-assign]
    serve()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
