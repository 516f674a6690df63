"""A server that speaks OpenAI's protocol on the loopback interface, with a script for a model.

What it answers goes by what the prompt asks, so a test can read and expect it. In a test it is a
context manager; `python -m tests.editors.scripted_server` runs it until its standard input ends,
and prints its base URL as the first line.
"""

from __future__ import annotations

import argparse
import json
import re
import select
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

MODEL = "scripted"
EXPLANATION = (
    "The function adds up the prices and divides the sum by how many there are. "
    "First it walks over all prices with a loop, then it returns the mean as a number. "
    "An empty list makes it raise `ZeroDivisionError`."
)
ENGLISH = "The loop visits every price once, because the sum needs all of them."
CHINESE = "这个循环会依次访问每一个价格，因为求和需要所有的价格。"  # noqa: RUF001
BUG = "An empty list makes it divide by zero."

_DIVISION = re.compile(r"^(\d+):.*/ len\(\w+\)", re.MULTILINE)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_CJK_OR_WORD = re.compile(r"[\u3000-\u9fff\uff00-\uffef]|\s*[^\s\u3000-\u9fff\uff00-\uffef]+\s*")


def answer_to(messages: list[dict[str, Any]]) -> str:
    """What the script says to a chat; the last turn decides."""
    prompt = _text(messages[-1]["content"])
    if "Answer `bug` or `no bug`" in prompt:
        return "bug" if _DIVISION.search(prompt) else "no bug"
    if "Answer in JSON" in prompt:
        return json.dumps({"findings": _findings(prompt)})
    if "Write them without the bug" in prompt:
        line = next(line for line in prompt.splitlines() if "/ len(" in line)
        return re.sub(r"/ len\((\w+)\)", r"/ max(len(\1), 1)", line)
    if "Answer with one word. The call:" in prompt:
        return "to_thread"
    if (question := prompt.rpartition("Question:")[2]) != prompt:
        return CHINESE if _CHINESE.search(question) else ENGLISH
    return EXPLANATION


def _findings(prompt: str) -> list[dict[str, Any]]:
    found = _DIVISION.search(prompt)
    if found is None:
        return []
    return [{"line": int(found[1]), "kind": "forgotten edge case", "message": BUG}]


def _text(content: Any) -> str:
    """Of a turn, which may come in parts."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


class ScriptedServer:
    """The server, from `with` on.

    `reading` seconds pass before the first piece of an answer and `delay` before each other one.
    `hold()` keeps all answers back after their first piece, or with `reading=True` even before
    it, until `release()`. `requests` are the bodies of the chats so far, `left` counts the clients
    that went away before their answer was complete.
    """

    def __init__(self, *, port: int = 0, reading: float = 0, delay: float = 0) -> None:
        self.reading, self.delay = reading, delay
        self.requests: list[dict[str, Any]] = []
        self.left = 0
        self.begun = threading.Event()
        """Set when a held answer has come to where it is held."""
        self._first, self._rest = threading.Event(), threading.Event()
        self.release()
        handler = type("Handler", (_Handler,), {"script": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def hold(self, *, reading: bool = False) -> None:
        """Keep answers back from now on."""
        self.begun.clear()
        self._rest.clear()
        if reading:
            self._first.clear()

    def release(self) -> None:
        """Let them go on."""
        self._first.set()
        self._rest.set()

    def pieces(self, answer: str, connection: socket.socket) -> Iterator[str]:
        """The pieces of an answer, each when its time has come; they end early where the client
        has gone."""
        for number, piece in enumerate(_CJK_OR_WORD.findall(answer)):
            gate, seconds = (self._rest, self.delay) if number else (self._first, self.reading)
            if not gate.is_set():
                self.begun.set()
            if _gone(connection, seconds, gate):
                self.left += 1
                return
            yield piece


def _gone(connection: socket.socket, seconds: float, gate: threading.Event) -> bool:
    """Wait for `seconds`, then for `gate`; True as soon as the client has hung up."""
    while True:
        readable, _, _ = select.select([connection], [], [], seconds if gate.is_set() else 0.02)
        if readable:
            return True  # no client says anything while it is answered, but that it leaves
        if gate.is_set():
            return False


class _Handler(BaseHTTPRequestHandler):
    script: ScriptedServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The list of models."""
        if self.path.rstrip("/") == "/v1/models":
            self._json({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        else:
            self._json({"error": {"message": f"There is no {self.path}."}}, status=404)

    def do_POST(self) -> None:
        """An answer to a chat, streamed if that is wanted."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.rstrip("/") != "/v1/chat/completions":
            self._json({"error": {"message": f"There is no {self.path}."}}, status=404)
            return
        request = json.loads(body)
        self.script.requests.append(request)
        answer = answer_to(request["messages"])
        pieces = self.script.pieces(answer, self.connection)
        if request.get("stream"):
            self._stream(pieces)
        else:
            message = {"role": "assistant", "content": "".join(pieces)}
            self._json(_completion("message", message, "stop"))

    def _stream(self, pieces: Iterator[str]) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for piece in pieces:
                self._event(json.dumps(_completion("delta", {"content": piece}, None)))
            self._event(json.dumps(_completion("delta", {}, "stop")))
            self._event("[DONE]")
        except OSError:
            self.script.left += 1

    def _event(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def _json(self, data: dict[str, Any], *, status: int = 200) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a test's output is for its failures."""


def _completion(kind: str, words: dict[str, Any], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, kind: words, "finish_reason": finish}
    name = "chat.completion.chunk" if kind == "delta" else "chat.completion"
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return {
        "id": "chat-1",
        "object": name,
        "created": 0,
        "model": MODEL,
        "choices": [choice],
        "usage": usage if finish else None,
    }


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--reading", type=float, default=0, help="seconds before the first piece")
    parser.add_argument("--delay", type=float, default=0, help="seconds before each other piece")
    options = parser.parse_args()
    with ScriptedServer(**vars(options)) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
