"""What the cursor is on has been read when somebody asks about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.lsp.editor import Editor, open_editor


def _states(editor: Editor) -> list[str]:
    return [status["state"] for status in editor.all_heard("qwlsp/status")]


async def _read(editor: Editor) -> None:
    """Wait until the engine has read something and rests again."""
    await editor.hear("qwlsp/status", lambda _: _states(editor)[-2:] == ["reading", "idle"])


async def test_asking_for_code_actions_reads_ahead(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.title(document, "apples.append")
        await _read(editor)
        for detail in ("brief", "full"):
            usage = (await editor.explained(document, "apples.append", detail=detail))["usage"]
            assert usage["reused_tokens"] == usage["prompt_tokens"] - 1


async def test_a_question_does_not_wait_for_what_is_read_ahead(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    long = "def long():\n" + "    print('read me first')\n" * 2000
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket + "\n\n" + long)
        await editor.title(document, "print")
        await editor.hear("qwlsp/status", lambda p: p["state"] == "reading")
        result = await editor.explained(document, "apples.append")
        assert result["symbol"] == "Basket.add"


async def test_reading_ahead_can_be_switched_off(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    quick["latency"] = {"readAhead": "off"}
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.title(document, "apples.append")
        usage = (await editor.explained(document, "result +="))["usage"]
        assert usage["reused_tokens"] == 0


async def test_the_status_says_what_is_going_on(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    quick["latency"] = {"readAhead": "off"}
    async with open_editor(home, options=quick) as editor:
        await editor.explained(editor.open("file:///basket.py", basket), "result +=")
        said = editor.all_heard("qwlsp/status")
        assert {message["model"] for message in said} == {"tiny"}
        after_the_first = [message["state"] for message in said[1:]]
        assert list(dict.fromkeys(after_the_first)) == ["loading", "reading", "writing", "idle"]
        for message in said:
            if message["state"] == "reading":
                assert 0 <= message["tokensRead"] <= message["tokensToRead"]
                assert message["secondsLeft"] is None or message["secondsLeft"] >= 0
