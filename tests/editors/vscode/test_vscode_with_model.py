"""VS Code and a model that writes what can be read: a script behind OpenAI's protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.editors.scripted_server import BUG, CHINESE, ENGLISH, EXPLANATION, ScriptedServer
from tests.editors.vscode.conftest import Open
from tests.editors.vscode.window import ANSWER, until

pytestmark = pytest.mark.editor

MEAN = '''\
"""Prices."""


def mean(prices):
    total = 0
    for price in prices:
        total += price
    return total / len(prices)
'''


@pytest.fixture
def project(project: Path) -> Path:
    (project / "prices.py").write_text(MEAN)
    return project


def test_an_explanation_streams_and_becomes_the_hover(
    open_file: Open, remote: dict[str, Any], scripted: ScriptedServer
) -> None:
    window = open_file("prices.py", remote)
    scripted.hold()
    window.go_to(4, 5)
    window.act("Explain")
    window.see('#answer:has-text("The")', ANSWER)
    assert EXPLANATION not in plain(window.answer())
    assert window.text("#note", ANSWER) == "Writing…"
    window.screenshot("streaming")
    scripted.release()
    window.see("#follow-up:visible", ANSWER)
    assert plain(EXPLANATION) in plain(window.answer())
    assert window.text("#note", ANSWER).startswith("scripted at 127.0.0.1")
    assert plain(EXPLANATION) in plain(window.hover("mean"))
    window.screenshot("explained")


def test_cancelling_while_the_prompt_is_read(
    open_file: Open, remote: dict[str, Any], scripted: ScriptedServer
) -> None:
    window = open_file("prices.py", remote)
    scripted.hold(reading=True)
    window.go_to(4, 5)
    window.command("qwlsp: Explain")
    until(scripted.begun.is_set, "the request")
    assert window.text("#note", ANSWER).startswith("Reading the code")
    window.click("#cancel", ANSWER)
    window.see('#answer:has-text("Cancelled.")', ANSWER)
    until(lambda: scripted.left > 0, "the end of the request")
    scripted.release()
    window.click("#again", ANSWER)
    window.see('#answer:has-text("The function adds up")', ANSWER)


def test_a_question_in_chinese_and_a_follow_up(
    open_file: Open, remote: dict[str, Any], scripted: ScriptedServer
) -> None:
    window = open_file("prices.py", remote)
    window.go_to(4, 5)
    window.command("qwlsp: Ask…")
    window.enter("为什么要循环？", prompt="this code?")  # noqa: RUF001
    window.see(f'#answer:has-text("{CHINESE}")', ANSWER)
    assert window.text("#heading", ANSWER) == "为什么要循环？"  # noqa: RUF001
    window.screenshot("chinese")
    window.click("#follow-up", ANSWER)
    window.enter("Why each price?", prompt="What else")
    window.see(f'#answer:has-text("{ENGLISH}")', ANSWER)
    words = [turn["role"] for turn in scripted.requests[-1]["messages"]]
    assert words.count("assistant") == 1, "the chat goes on"


def test_a_question_about_the_workspace(open_file: Open, remote: dict[str, Any]) -> None:
    window = open_file("prices.py", remote)
    window.command("qwlsp: Ask About the Workspace…")
    window.enter("Where is a mean?", prompt="shop project?")
    window.see(f'#answer:has-text("{ENGLISH}")', ANSWER)


def test_the_model_finds_a_bug_and_mends_it(open_file: Open, remote: dict[str, Any]) -> None:
    window = open_file("prices.py", {**remote, "bugs": {"minConfidence": 0}})
    window.go_to(4, 5)
    window.command("qwlsp: Find Bugs")
    window.see(".squiggly-warning")
    window.go_to(8, 12)
    window.press("Control+K", "Control+I")
    window.see(".monaco-hover:visible .hover-contents")
    assert BUG in window.text(".monaco-hover:visible")
    window.screenshot("bug-by-model")
    window.press("Escape")
    window.act("Change the code as the model suggests")
    until(lambda: "max(len(prices), 1)" in window.code(), "the fix")


def test_a_server_that_is_not_there_is_named(open_file: Open, remote: dict[str, Any]) -> None:
    remote["backend"]["baseUrl"] = "http://127.0.0.1:9/v1"
    window = open_file("prices.py", remote)
    window.go_to(4, 5)
    window.command("qwlsp: Explain")
    window.see('#answer:has-text("127.0.0.1:9")', ANSWER)
    window.screenshot("no-server")


def plain(text: str) -> str:
    """A text without its marks and line breaks."""
    return " ".join(text.replace("`", "").split())
