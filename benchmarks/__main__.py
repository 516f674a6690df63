"""`python -m benchmarks NAME [...]` runs the benchmark of that name."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHMARKS = {
    "synthetic": "write a model in the shape of Qwen2.5-0.5B, with random weights",
    "engine": "speed of reading and writing, and of stopping, next to llama-bench",
    "session": "first tokens in one editor session, next to llama-server",
    "server": "start-up, and what an editor asks while the engine writes",
    "memory": "memory of both processes, at start and with the largest context",
    "index": "a folder indexed for the first time, and again",
    "context": "gathering what stands around a function of a large file",
    "repeat": "the same request a hundred times",
    "load": "many editors at once against a server elsewhere",
    "quality": "how many bugs are found, by a model and by the rules alone",
}
"""Name -> what it does. Each is a module of this package with `main(argv: list[str]) -> int`."""


def main(argv: list[str]) -> int:
    """Run one benchmark and return its exit status; 2 where the name is missing or unknown."""
    if argv[:1] in (["-h"], ["--help"]):
        print(_usage())
        return 0
    if not argv or argv[0] not in BENCHMARKS:
        print(_usage(), file=sys.stderr)
        return 2
    status: int = import_module(f"benchmarks.{argv[0]}").main(argv[1:])
    return status


def _usage() -> str:
    names = "\n".join(f"  {name:<10} {what}" for name, what in BENCHMARKS.items())
    return f"usage: python -m benchmarks NAME [...]\n\n{names}\n\nNAME --help lists its options."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
