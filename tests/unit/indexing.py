"""An indexer in the tests' own process, and what it leaves on disk."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from qwlsp.home import index_folder
from qwlsp.workspace.indexer import Indexer, Message
from qwlsp.workspace.store import database_of, find_calls, reading


class Told:
    """An indexer of some roots, and what it said to its last message."""

    def __init__(self, *roots: Path) -> None:
        self.roots = roots
        self.messages: list[Message] = []
        self._indexer = Indexer(self.messages.append)

    def __enter__(self) -> Told:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._indexer.close()

    def handle(self, **message: Any) -> Message:
        """What it says at the end of its work for `message`."""
        self.messages.clear()
        self._indexer.handle(message)
        finished: Message = self.messages[-1]["finished"]
        return finished

    def start(self, **more: Any) -> Message:
        return self.handle(roots=[str(root) for root in self.roots], **more)

    def changed(self, *paths: Path) -> Message:
        return self.handle(changed=[str(path) for path in paths])

    @property
    def read(self) -> list[str]:
        """The names of the files that were read."""
        return [Path(message["file"]).name for message in self.messages if "file" in message]

    @property
    def said(self) -> list[str]:
        return [message["said"] for message in self.messages if "said" in message]


def write(root: Path, path: str, text: str | bytes = "f()\n") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def database(root: Path) -> Path:
    return database_of(index_folder(), root.resolve())


def calling(root: Path, name: str = "f") -> list[str]:
    """The paths of files in the index that call a function."""
    with reading(database(root)) as connection:
        return [file.path for file, _ in find_calls(connection, name, 1000)]
