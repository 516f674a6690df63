"""`qwlsp serve`, which also writes down each chat that it puts to the model.

`python -m benchmarks.recorder FILE` appends one line of JSON a request, the chats that the engine
may choose from, so that another server can be asked the very same.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from unittest import mock

from qwlsp.engine import connection
from qwlsp.engine.messages import Generate, Message, Request, encode
from qwlsp.lsp.start import serve

Chats = list[list[Message]]
"""Of one request, one of which the engine chooses."""


def recorded(file: Path) -> list[Chats]:
    """The chats of each request in a file, in order."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [
        [[Message(**message) for message in chat] for chat in json.loads(line)] for line in lines
    ]


def main(file: Path) -> None:
    """Serve on stdio until the editor goes away."""

    def encode_and_record(request: Request) -> bytes:
        if isinstance(request, Generate):
            with file.open("a", encoding="utf-8") as lines:
                chats = [*request.richer, request.messages]
                lines.write(json.dumps([[asdict(m) for m in chat] for chat in chats]) + "\n")
        return encode(request)

    with mock.patch.object(connection, "encode", encode_and_record):
        serve()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
