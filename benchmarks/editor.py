"""An editor as far as measurements need one: it opens a file, moves the cursor, and asks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.lsp_client import LONGEST_WAIT, Json, LspClient, Notification

SERVE = (sys.executable, "-m", "qwlsp", "serve")
URI = "file:///benchmark/program.py"
CAPABILITIES: Json = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True},
    "experimental": {"qwlsp": True},
}
ANSWER, STATUS = "qwlsp/answer", "qwlsp/status"
QUIET_SECONDS = 5.0
"""Without news after which the server has nothing left to do. It waits up to a second before it
reads ahead, and then says so with the first 128 tokens."""


@dataclass(frozen=True)
class Asked:
    """A question on its way. `since`: how many notifications had come before it."""

    job: str
    began: float
    since: int


@dataclass(frozen=True)
class Answered:
    """An answer: the wait for its first token and for its end, and the JSON object."""

    first_token_ms: float
    ms: float
    result: Json


class Editor:
    """A qwlsp server with one Python file open. Closing it shuts the server down."""

    def __init__(
        self,
        text: str,
        *,
        home: Path,
        settings: Mapping[str, Any],
        command: Sequence[str] = SERVE,
        folder: Path | None = None,
    ) -> None:
        self.version = 1
        self.client = LspClient(command, env={**os.environ, "QWLSP_HOME": str(home)})
        self.client.request(
            "initialize",
            {
                "processId": None,
                "rootUri": folder.as_uri() if folder else None,
                "capabilities": CAPABILITIES,
                "initializationOptions": settings,
            },
        )
        self.client.notify("initialized", {})
        document = {"uri": URI, "languageId": "python", "version": self.version, "text": text}
        self.client.notify("textDocument/didOpen", {"textDocument": document})

    def __enter__(self) -> Editor:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.client.__exit__(error_type, error, traceback)

    def look_at(self, line: int) -> None:
        """Put the cursor on a line; like any editor, ask which actions there are."""
        self.client.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": URI},
                "range": _cursor(line),
                "context": {"diagnostics": []},
            },
        )

    def type(self, line: int, character: int, text: str) -> None:
        """Insert text."""
        self.version += 1
        position = {"line": line, "character": character}
        change = {"range": {"start": position, "end": position}, "text": text}
        self.client.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": URI, "version": self.version}, "contentChanges": [change]},
        )

    def hover(self, line: int, character: int) -> Json | None:
        """What shows under the pointer."""
        position = {"line": line, "character": character}
        hover: Json | None = self.client.request(
            "textDocument/hover", {"textDocument": {"uri": URI}, "position": position}
        )
        return hover

    def ask(self, line: int, *, detail: str = "brief") -> Asked:
        """Ask for an explanation of what is on a line, not for a remembered one."""
        argument = {
            "uri": URI,
            "version": self.version,
            "range": _cursor(line),
            "detail": detail,
            "fresh": True,
        }
        since = len(self.client.notifications)
        began = time.perf_counter()
        reply = self.client.reply(self._begin("qwlsp.explain", argument))
        return Asked(reply["id"], began, since)

    def cancel(self, asked: Asked) -> None:
        """Stop an answer, without waiting until it has stopped."""
        self._begin("qwlsp.cancel", {"id": asked.job})

    def answer(self, asked: Asked) -> Answered:
        """Wait for an answer. Raises RuntimeError where the model gives none."""
        first = self.first_token(asked)
        last = self.client.find(lambda n: _ends_answer(n, asked.job), since=asked.since)
        if "result" not in last.params:
            raise RuntimeError(last.params.get("error", "the answer was cancelled"))
        if last.params["result"]["source"] != "model":
            raise RuntimeError("the server found no model")
        first_ms, ms = ((at - asked.began) * 1000 for at in (first, last.at))
        return Answered(first_ms, ms, last.params["result"])

    def first_token(self, asked: Asked) -> float:
        """Wait for the beginning of an answer; returns when it came."""
        return self.client.find(lambda n: _begins_answer(n, asked.job), since=asked.since).at

    def has_ended(self, asked: Asked) -> bool:
        """Whether the end of an answer has come."""
        return any(_ends_answer(n, asked.job) for n in self.client.notifications[asked.since :])

    def listen(self, seconds: float) -> None:
        """Let time go by."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.client.listen(left)

    def settle(self) -> None:
        """Wait until the server has read ahead whatever it wanted to. Raises RuntimeError where
        it seems stuck."""
        silence = 0.0
        while silence == 0 or self.state != "idle":
            silence = 0 if self.client.listen(QUIET_SECONDS) else silence + QUIET_SECONDS
            if silence > LONGEST_WAIT:
                raise RuntimeError(f"the server has been {self.state} for {silence:.0f} seconds")

    @property
    def state(self) -> str:
        """What the server last said it was doing; "" before it has said anything."""
        states = (n.params for n in reversed(self.client.notifications) if n.method == STATUS)
        return str(next(states, {"state": ""})["state"])

    def _begin(self, command: str, argument: Json) -> int:
        return self.client.begin(
            "workspace/executeCommand", {"command": command, "arguments": [argument]}
        )


def _cursor(line: int) -> Json:
    position = {"line": line, "character": 4}
    return {"start": position, "end": position}


def _begins_answer(notification: Notification, job: str) -> bool:
    """A text, or the news that one is being written: random weights may begin with bytes that are
    no text, and those are tokens too."""
    params = notification.params
    if notification.method == ANSWER and params["id"] == job:
        return bool(params["markdown"] or params["done"])
    return notification.method == STATUS and params["state"] == "writing"


def _ends_answer(notification: Notification, job: str) -> bool:
    return (
        notification.method == ANSWER
        and notification.params["id"] == job
        and notification.params["done"]
    )
