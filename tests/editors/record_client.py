"""Runs the server, and records what the editor in front of it can do: for `tests/clients`.

`python -m tests.editors.record_client FILE` takes the place of `qwlsp serve`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from io import BufferedReader
from pathlib import Path

KEPT = ("clientInfo", "capabilities")
"""Of the parameters of `initialize`: the others are about one run."""


def read_message(stream: BufferedReader) -> bytes:
    """The next message, with its header."""
    header = b""
    while not header.endswith(b"\r\n\r\n"):
        header += stream.read(1) or sys.exit("The editor went away.")
    fields = dict(line.split(b": ", 1) for line in header.split(b"\r\n") if line)
    return header + stream.read(int(fields[b"Content-Length"]))


def main(file: str) -> int:
    """Record the first message, and pass on all of them; returns the server's exit status."""
    server = subprocess.Popen([sys.executable, "-m", "qwlsp", "serve"], stdin=subprocess.PIPE)
    editor = sys.stdin.buffer
    assert server.stdin is not None and isinstance(editor, BufferedReader)
    piece = read_message(editor)
    params = json.loads(piece.partition(b"\r\n\r\n")[2])["params"]
    found = {name: params[name] for name in KEPT if name in params}
    Path(file).write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    while piece:
        server.stdin.write(piece)
        server.stdin.flush()
        piece = editor.read1()
    server.stdin.close()
    return server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
