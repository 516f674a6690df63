"""VS Code on a machine that has nothing of qwlsp yet but the extension."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editors.vscode.conftest import Open
from tests.editors.vscode.window import ANSWER, CodeServer, Window, until

pytestmark = pytest.mark.editor

NOTIFICATION = ".notifications-toasts .notification-list-item"


def test_a_missing_program_leads_to_its_installation(open_file: Open) -> None:
    window = open_file("shop.py", {"server": {"path": "/nowhere/qwlsp"}}, running=False)
    window.see(f'{NOTIFICATION}:has-text("The program qwlsp is not found")')
    assert "pipx install qwlsp" in window.text(NOTIFICATION)
    window.screenshot("missing")
    window.click(f'{NOTIFICATION} a:has-text("Get Started")')
    window.see('.gettingStartedDetailsContent:has-text("Install the server")')
    window.screenshot("walkthrough")


@pytest.mark.parametrize("trusted", [True, False])
def test_the_program_of_a_folder_runs_only_if_the_folder_is_trusted(
    trusted: bool, window: Window, request: pytest.FixtureRequest, project: Path, program: Path
) -> None:
    own = project / ".venv" / "bin" / "qwlsp"
    own.parent.mkdir(parents=True)
    mark = project / "was run"
    own.write_text(f"#!/bin/sh\ntouch '{mark}'\nexec '{program}' \"$@\"\n")
    own.chmod(0o755)
    server = request.getfixturevalue("trusting" if trusted else "careful")
    window.open(server, project, project / "shop.py")
    if trusted:
        until(mark.exists, "the folder's program")
    else:
        window.see(f'{NOTIFICATION}:has-text("The program qwlsp is not found")')
        window.screenshot("not-trusted")
        assert not mark.exists()


def test_with_program_and_model_at_hand_nothing_needs_to_be_set(
    window: Window, trusting: CodeServer, project: Path, program: Path, home: Path, tiny_model: Path
) -> None:
    """The extension is installed: what is left is to open a file and to choose Explain."""
    trusting.reset()
    script(trusting.bin / "qwlsp", f'exec "{program}" "$@"')
    models = home / "models"
    models.mkdir(parents=True)
    (models / "tiny.gguf").write_bytes(tiny_model.read_bytes())
    window.open(trusting, project, project / "shop.py")
    until(lambda: window.status() == "qwlsp", "the server's start")
    window.go_to(6, 6)
    window.command("qwlsp: Explain")
    window.see('#note:has-text("tiny")', ANSWER)
    assert window.answer().strip()
    window.screenshot("fresh")


def test_the_button_installs_and_starts_the_server(
    open_file: Open, trusting: CodeServer, program: Path
) -> None:
    window = open_file("shop.py", {"server": {"path": ""}}, running=False)
    script(trusting.bin / "pipx", f'echo "$@"; sleep 1; cp "{program}" "{trusting.bin}/qwlsp"')
    window.click(f'{NOTIFICATION} a:has-text("Install in a Terminal")')
    window.see(".terminal-wrapper")
    window.screenshot("installing")
    until(lambda: window.status() == "qwlsp: no model", "the server's start")


def test_a_model_is_fetched_in_a_terminal(
    open_file: Open, program: Path, home: Path, tiny_model: Path
) -> None:
    """What `qwlsp model pull` does itself is tested elsewhere."""
    fetching = program.with_name("fetching")
    script(
        fetching,
        f"""if [ "$1 $2" = "model pull" ]; then
            mkdir -p "{home}/models"; cp "{tiny_model}" "{home}/models"; exit
        fi
        exec "{program}" "$@\"""",
    )
    window = open_file("shop.py", {"server": {"path": str(fetching)}})
    assert window.status() == "qwlsp: no model"
    window.command("qwlsp: Fetch a Model")
    until(lambda: window.status() == "qwlsp", "the model")


def script(path: Path, text: str) -> None:
    """A program of a few lines."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
