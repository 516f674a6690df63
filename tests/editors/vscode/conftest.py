"""VS Code with the extension for the tests here; `tests/editors/setup_vscode.sh` prepares it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.editors.scripted_server import ScriptedServer
from tests.editors.vscode.window import CodeServer, Tools, Window, until

EXTENSION = Path(__file__).parents[3] / "editors" / "vscode" / "qwlsp.vsix"
Open = Callable[..., Window]


@pytest.fixture(scope="session")
def tools(editors_folder: Path) -> Tools:
    found = Tools(editors_folder / "vscode")
    assert found.complete and EXTENSION.exists(), "run tests/editors/setup_vscode.sh"
    return found


@pytest.fixture(scope="session")
def trusting(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeServer]:
    """A VS Code that trusts every folder."""
    folder = tmp_path_factory.mktemp("trusting")
    with CodeServer(tools, folder, EXTENSION, trust=False).serving() as server:
        yield server


@pytest.fixture(scope="session")
def careful(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeServer]:
    """A VS Code that trusts no folder."""
    folder = tmp_path_factory.mktemp("careful")
    with CodeServer(tools, folder, EXTENSION, trust=True).serving() as server:
        yield server


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go, to be looked at: `QWLSP_SCREENSHOTS`, or a folder that pytest keeps."""
    folder = os.environ.get("QWLSP_SCREENSHOTS")
    path = Path(folder) if folder else tmp_path_factory.mktemp("screenshots")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What browsers keep of what they load."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def program(tmp_path: Path, home: Path) -> Path:
    """The program qwlsp, with a home of its own for this test."""
    path = tmp_path / "bin" / "qwlsp"
    path.parent.mkdir()
    installed = Path(sys.executable).with_name("qwlsp")
    path.write_text(f"#!/bin/sh\nexport QWLSP_HOME='{home}'\nexec '{installed}' \"$@\"\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def window(
    tools: Tools, cache: Path, screenshots: Path, request: pytest.FixtureRequest
) -> Iterator[Window]:
    """A browser with nothing in it; its last look is kept as a picture."""
    window = Window(tools, cache=cache, screenshots=screenshots)
    yield window
    window.screenshot(request.node.name)
    window.close()


@pytest.fixture
def open_file(window: Window, trusting: CodeServer, project: Path, program: Path) -> Open:
    """Opens a file of the project, with settings of qwlsp; then the server is `running`."""

    def open_it(
        name: str, settings: dict[str, Any] | None = None, *, running: bool = True
    ) -> Window:
        chosen = {
            f"qwlsp.{section}.{name}": value
            for section, values in (settings or {}).items()
            for name, value in values.items()
        }
        chosen.setdefault("qwlsp.server.path", str(program))
        (project / ".vscode").mkdir()
        (project / ".vscode" / "settings.json").write_text(json.dumps(chosen))
        trusting.reset()
        window.open(trusting, project, project / name)
        until(lambda: ("not running" in window.status()) != running, "the server's start")
        return window

    return open_it


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """The server that answers what can be read."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def remote(scripted: ScriptedServer) -> dict[str, Any]:
    """Settings that put questions to the scripted server."""
    return {"backend": {"kind": "openai", "baseUrl": scripted.url}}


def processes(program: Path, argument: str) -> list[psutil.Process]:
    """What `program` has started with this argument, itself or through others."""
    home = str(program.parent.parent)
    return [
        process
        for process in psutil.process_iter(["cmdline", "environ"])
        if argument in (process.info["cmdline"] or [])
        and home in (process.info["environ"] or {}).get("QWLSP_HOME", "")
    ]
