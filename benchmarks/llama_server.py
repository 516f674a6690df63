"""llama.cpp's own server, to be asked the same as ours: its defaults, on a free loopback port."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

START_SECONDS = 120.0
"""Longest time to load a model."""


class LlamaServer:
    """A running llama-server. Raises RuntimeError if it does not start."""

    def __init__(self, program: Path, model: Path, *, threads: int, context_tokens: int) -> None:
        self._port = _free_port()
        self._process = subprocess.Popen(
            [
                *(program, "--model", model, "--port", str(self._port)),
                *("--threads", str(threads), "--ctx-size", str(context_tokens)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._wait_until_loaded()
        except BaseException:
            self._process.kill()
            raise

    def __enter__(self) -> LlamaServer:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def ask(self, prompt: Sequence[int], *, max_tokens: int) -> float:
        """Milliseconds until the first token of an answer, which is then read to its end."""
        began = time.perf_counter()
        connection = self._post(prompt, max_tokens)
        response = connection.getresponse()
        line = response.readline()
        while line and not line.startswith(b"data:"):
            line = response.readline()
        first = time.perf_counter()
        response.read()
        connection.close()
        if response.status != http.client.OK or not line:
            raise RuntimeError(f"llama-server refused a prompt ({response.status})")
        return (first - began) * 1000

    def ask_and_cancel(self, prompt: Sequence[int], *, after: float) -> None:
        """Hang up after some seconds."""
        connection = self._post(prompt, 1)
        time.sleep(after)
        connection.close()

    def _post(self, prompt: Sequence[int], max_tokens: int) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        body = {
            "prompt": list(prompt),
            "n_predict": max_tokens,
            "stream": True,
            "cache_prompt": True,
        }
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/completion", json.dumps(body), headers)
        return connection

    def _wait_until_loaded(self) -> None:
        end = time.perf_counter() + START_SECONDS
        while time.perf_counter() < end and self._process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port)
            try:
                connection.request("GET", "/health")
                if connection.getresponse().status == http.client.OK:
                    return
            except ConnectionError:
                pass  # it does not listen yet
            finally:
                connection.close()
            time.sleep(0.1)
        raise RuntimeError("llama-server did not start")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
