"""llama.cpp's own benchmark, with its defaults."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path


def llama_bench(
    program: Path, model: Path, *, threads: int, prefill: int, decode: int, depth: int
) -> tuple[float, float]:
    """Tokens a second of reading `prefill` and of writing `decode` tokens behind `depth` others.
    Raises RuntimeError where it fails."""
    counts = {"-t": threads, "-p": prefill, "-n": decode, "-d": depth, "-r": 1}
    options = [text for option, count in counts.items() for text in (option, str(count))]
    done = subprocess.run(
        [program, "-m", model, "-o", "json", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"llama-bench failed: {done.stderr.strip()[-200:]}")
    tests = json.loads(done.stdout)
    reading = next(test["avg_ts"] for test in tests if test["n_prompt"])
    writing = next(test["avg_ts"] for test in tests if test["n_gen"])
    return reading, writing
