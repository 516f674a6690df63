"""VS Code on a machine that has no model: everything works from what the tools know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editors.vscode.conftest import Open
from tests.editors.vscode.window import ANSWER, until

pytestmark = pytest.mark.editor

CALLER = """\
from client import fetch


def main():
    return fetch(3)
"""
NOTIFICATION = ".notifications-toasts .notification-list-item"


def test_a_message_leads_to_a_model(open_file: Open) -> None:
    window = open_file("shop.py")
    window.see(f'{NOTIFICATION}:has-text("has found no model")')
    assert window.status() == "qwlsp: no model"
    window.click(f'{NOTIFICATION} a:has-text("Choose or Fetch a Model")')
    window.see('.quick-input-list .monaco-list-row:has-text("Fetch Qwen2.5-0.5B-Instruct")')
    window.screenshot("choose-model")


def test_the_actions_that_the_lightbulb_offers(open_file: Open) -> None:
    window = open_file("client.py")
    window.go_to(4, 5)
    titles = window.actions()
    assert {"Explain fetch", "Find bugs in fetch", "Make fetch async"} <= {
        title.replace("`", "") for title in titles
    }


def test_an_explanation_from_the_structure_and_its_hover(open_file: Open) -> None:
    window = open_file("shop.py")
    window.go_to(6, 6)
    window.command("qwlsp: Explain")
    window.see("#follow-up:visible", ANSWER)
    assert "total is a function of 6 lines" in window.answer()
    assert window.text("#heading", ANSWER) == "Explain total"
    assert "total is a function of 6 lines" in window.hover("total")
    window.screenshot("structure")


def test_making_code_async_is_one_step_to_undo(open_file: Open) -> None:
    window = open_file("client.py")
    before = window.code()
    window.go_to(4, 5)
    window.command("qwlsp: Make Async")
    until(lambda: "async def fetch" in window.code(), "the edit")
    assert "await asyncio.sleep(attempt)" in window.code()
    assert "import asyncio" in window.code()
    window.screenshot("async")
    window.press("Control+z")
    until(lambda: window.code() == before, "the undo")


def test_edits_of_other_files_are_shown_first(open_file: Open, project: Path) -> None:
    (project / "caller.py").write_text(CALLER)
    window = open_file("client.py")
    before = window.code()
    window.go_to(4, 5)
    window.act("async, with its callers")
    window.see('.pane-header:has-text("Refactor Preview"), [id*="refactorPreview"]')
    window.screenshot("preview")
    assert "async def" not in window.code()
    window.click('a.monaco-button:has-text("Apply")')
    until(lambda: "async def fetch" in window.code(), "the edit")
    assert "await asyncio.sleep(attempt)" in window.code()
    window.show("caller.py")
    until(lambda: "return await fetch(3)" in window.code(), "its caller")
    window.press("Control+z")
    until(lambda: window.code() == CALLER, "the undo in one file")
    window.show("client.py")
    until(lambda: window.code() == before, "the undo in the other file")


def test_a_bug_is_marked_and_mended(open_file: Open) -> None:
    window = open_file("bug.py")
    window.go_to(2, 5)
    window.command("qwlsp: Find Bugs")
    window.see(".squiggly-warning")
    window.screenshot("bug")
    window.go_to(1, 24)
    titles = window.actions()
    fix = next(title for title in titles if "None" in title)
    window.act(fix)
    until(lambda: "into=None" in window.code(), "the fix")
    window.press("Control+z")
    until(lambda: "into=[]" in window.code(), "the undo")


def test_a_function_without_bugs_says_so(open_file: Open) -> None:
    window = open_file("bug.py")
    window.go_to(7, 5)
    window.command("qwlsp: Find Bugs")
    window.see(NOTIFICATION)
    until(lambda: "No bugs were found" in window.text(".notifications-toasts"), "the message")


def test_what_the_doctor_says(open_file: Open) -> None:
    window = open_file("shop.py")
    window.command("qwlsp: Check This Machine")
    window.see('.part.panel .view-line:has-text("model")')
    window.screenshot("doctor")
