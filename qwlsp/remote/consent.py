"""Which servers a person has let see the code of which workspace."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from qwlsp.json_file import read_json, write_json
from qwlsp.remote.server import ServerConfig

MOST = 1_000
"""Permissions that are kept; the oldest go first."""


class Consents:
    """The permissions, in a small file. One that can't be written holds for this time only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._given: list[list[str]] = []

    def has(self, workspace: Path, server: ServerConfig) -> bool:
        """Whether code of `workspace` may go to `server`, with the key that goes with it."""
        given = read_json(self._path).get("allowed")
        wanted = _entry(workspace, server)
        return wanted in self._given or (isinstance(given, list) and wanted in given)

    def give(self, workspace: Path, server: ServerConfig) -> None:
        """Remember that it may."""
        entry = _entry(workspace, server)
        self._given.append(entry)
        before = read_json(self._path).get("allowed")
        kept = [each for each in before if each != entry] if isinstance(before, list) else []
        with suppress(OSError):
            write_json(self._path, {"allowed": [*kept, entry][-MOST:]})


def question(server: ServerConfig, workspace: Path) -> str:
    """What a person is asked."""
    key = f", with the key in {server.key_variable}" if server.key_variable else ""
    return f"Send code of {workspace} to {server.host} ({server.base_url}){key}?"


def refusal(server: ServerConfig) -> str:
    """What a person is told who has not said yes."""
    return f"Nothing was sent: code of this workspace may not go to {server.host}."


def _entry(workspace: Path, server: ServerConfig) -> list[str]:
    return [str(workspace), server.base_url, server.key_variable]
