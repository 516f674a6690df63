"""What the cursor is on has been read when somebody asks about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.lsp.editor import Editor, open_editor


async def _read(editor: Editor) -> None:
    """Wait until the engine has read something and rests again."""
    seen: list[str] = []

    def rests(status: Any) -> bool:
        seen.append(status["state"])
        return status["state"] == "idle" and "reading" in seen

    await editor.hear("qwlsp/status", rests)


async def test_asking_for_code_actions_reads_ahead(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.title(document, "apples.append")
        await _read(editor)
        for detail in ("brief", "full"):
            usage = (await editor.explained(document, "apples.append", detail=detail))["usage"]
            assert usage["reused_tokens"] > 0.9 * usage["prompt_tokens"]


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
        assert [s["state"] for s in editor.all_heard("qwlsp/status")].count("loading") == 1
