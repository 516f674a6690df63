"""VS Code and the embedded engine, with a model that writes nonsense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.editors.timed_server import keystrokes, p99, timed
from tests.editors.vscode.conftest import Open, processes
from tests.editors.vscode.window import ANSWER, until

pytestmark = pytest.mark.editor

TYPED = "def typed(first, second): return first + second\n"


def test_an_answer_grows_until_it_is_cancelled(open_file: Open, lengthy: dict[str, Any]) -> None:
    window = open_file("shop.py", lengthy)
    window.go_to(6, 6)
    window.command("qwlsp: Explain")
    window.see('#note:has-text("Writing")', ANSWER)
    so_far = window.answer()
    until(lambda: len(window.answer()) > len(so_far), "more of the answer")
    assert window.status() == "qwlsp: writing"
    window.screenshot("writing")
    window.click("#cancel", ANSWER)
    window.see('#answer:has-text("Cancelled.")', ANSWER)
    until(lambda: window.status() == "qwlsp", "the engine's rest")


def test_an_answer_that_was_cut_off_is_continued(open_file: Open, tiny_model: Path) -> None:
    window = open_file(
        "shop.py", {"model": {"path": str(tiny_model)}, "generation": {"maxTokens": 16}}
    )
    window.go_to(6, 6)
    window.command("qwlsp: Explain")
    window.see("#continue:visible", ANSWER)
    first = window.answer()
    window.click("#continue", ANSWER)
    until(lambda: len(window.answer()) > len(first), "the rest")


def test_the_menu_of_the_status_bar_cancels(open_file: Open, lengthy: dict[str, Any]) -> None:
    window = open_file("shop.py", lengthy)
    window.go_to(6, 6)
    window.command("qwlsp: Explain")
    window.see('#note:has-text("Writing")', ANSWER)
    window.click('[id="qwlsp.qwlsp.qwlsp"]')
    window.see('.quick-input-list .monaco-list-row:has-text("Check This Machine")')
    window.screenshot("menu")
    window.choose("Cancel")
    window.see('#answer:has-text("Cancelled.")', ANSWER)


def test_a_worker_that_dies_costs_one_answer(
    open_file: Open, lengthy: dict[str, Any], program: Path
) -> None:
    window = open_file("shop.py", lengthy)
    window.go_to(6, 6)
    window.command("qwlsp: Explain")
    window.see('#note:has-text("Writing")', ANSWER)
    for worker in processes(program, "qwlsp.engine.worker"):
        worker.kill()
    window.see("#again:visible", ANSWER)
    window.screenshot("worker-died")
    assert "SIGKILL. It starts again with the next request." in window.answer()
    window.command("qwlsp: Explain")
    window.see('#note:has-text("Writing")', ANSWER)


def test_a_server_that_dies_starts_again(
    open_file: Open, lengthy: dict[str, Any], program: Path
) -> None:
    window = open_file("shop.py", lengthy)
    window.go_to(6, 6)
    window.command("qwlsp: Explain")
    window.see('#note:has-text("Writing")', ANSWER)
    for server in processes(program, "serve"):
        server.kill()
    window.see('#answer:has-text("The server ended before the answer was there.")', ANSWER)
    until(lambda: window.status() == "qwlsp", "the next server")
    window.click("#again", ANSWER)
    window.see('#note:has-text("Writing")', ANSWER)


def test_a_model_that_is_chosen_is_used(open_file: Open, tiny_model: Path, home: Path) -> None:
    models = home / "models"
    models.mkdir(parents=True)
    (models / "chosen.gguf").write_bytes(tiny_model.read_bytes())
    (models / "qwen2.5-0.5b.gguf").write_bytes(tiny_model.read_bytes())
    window = open_file("shop.py")
    window.command("qwlsp: Choose Model")
    window.see('.quick-input-list .monaco-list-row:has-text("chosen")')
    window.screenshot("models")
    window.choose("chosen")
    until(lambda: "Model: chosen" in window.tooltip(), "the chosen model")
    window.command("qwlsp: Choose Model")
    window.see('.quick-input-list .monaco-list-row:has-text("chosen")')  # no longer the palette
    window.choose("Whichever Is Found")
    until(lambda: "Model: qwen2.5-0.5b" in window.tooltip(), "the model that is found")


def test_typing_while_the_engine_is_busy(
    open_file: Open, lengthy: dict[str, Any], program: Path, tmp_path: Path
) -> None:
    """On 10,000 lines; the lightbulb shows that the server has what was typed. With `-s` pytest
    shows how long the server took over the keystrokes."""
    times = tmp_path / "times"
    program.write_text(program.read_text().replace("exec ", f"{timed(times)}\n: "))
    window = open_file("long.py", lengthy)
    window.go_to(2, 1)
    window.command("qwlsp: Explain")
    window.see('#note:has-text("Writing")', ANSWER)
    window.go_to(1, 1)
    window.type(TYPED, delay=20)
    assert window.code().startswith(TYPED)
    window.go_to(1, 6)
    titles = [title.replace("`", "") for title in window.actions()]
    assert "Explain typed" in titles
    assert window.status() == "qwlsp: writing"
    window.screenshot("typing")
    measured = keystrokes(times)
    assert len(measured) >= len(TYPED)
    print(f"did_change p99: {p99(measured):.1f} ms")


def test_the_settings_of_a_folder_reach_the_server(
    open_file: Open, tiny_model: Path, project: Path
) -> None:
    window = open_file("shop.py")
    settings = project / ".vscode" / "settings.json"
    chosen = json.loads(settings.read_text())
    settings.write_text(json.dumps({**chosen, "qwlsp.model.path": str(tiny_model)}))
    until(lambda: window.status() == "qwlsp", "the model")
