"""llama-cpp-python's OpenAI-compatible server on loopback, for tests of that backend."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

STARTS = 60.0
"""Seconds at most until it answers."""
POLL = 0.05


@dataclass(frozen=True)
class ModelServer:
    """A running server."""

    base_url: str
    process: psutil.Process


@contextmanager
def model_server(model: Path, log: Path) -> Iterator[ModelServer]:
    """A server of one model, for as long as the block lasts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--host", "127.0.0.1"]
    # A second request would cut off the answer to the first one.
    command += ["--port", str(port), "--interrupt_requests", "False", "--n_ctx", "8192"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--model", str(model), "--model_alias", model.stem],
            stdout=output,
            stderr=output,
        )
    try:
        base_url = f"http://127.0.0.1:{port}/v1"
        _wait(base_url, process)
        yield ModelServer(base_url, psutil.Process(process.pid))
    finally:
        process.kill()
        process.wait()


def _wait(base_url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{base_url}/models", trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(POLL)
    raise RuntimeError("the model's server does not start")
