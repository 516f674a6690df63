"""Five editors on one machine: one model in memory, and no end of one is the end of another."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.lsp.editor import Editor, open_editor
from tests.processes import all_end

pytestmark = [
    pytest.mark.slow,  # five servers
    pytest.mark.skipif(sys.platform == "win32", reason="workers are not shared there"),
]
EDITORS = 5


def workers(home: Path) -> list[psutil.Process]:
    """All processes with a model of the person whose home this is."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if (
                "qwlsp.engine.worker" in process.cmdline()
                and process.environ().get("QWLSP_HOME") == str(home)
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
    return found


@pytest.fixture
async def editors(home: Path, quick: dict[str, Any]) -> AsyncIterator[list[Editor]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_editor(home, options=quick))
            for _ in range(EDITORS)
        ]


async def explained(editors: list[Editor], basket: str, round_: int) -> None:
    """Each editor gets an answer about code of its own."""

    async def one(number: int, editor: Editor) -> None:
        text = basket.replace("apple", f"fruit{round_}{number}")
        document = editor.open(f"file:///baskets/{round_}/{number}.py", text)
        result = await editor.explained(document, "result +=")
        assert result["source"] == "model"

    await asyncio.gather(*(one(number, editor) for number, editor in enumerate(editors)))


async def test_five_editors_share_one_model(home: Path, basket: str, editors: list[Editor]) -> None:
    await explained(editors, basket, 1)
    [worker] = workers(home)
    starter = next(editor for editor in editors if editor.workers())
    starter.server.kill()
    await starter.soon(starter.ended_with())
    others = [editor for editor in editors if editor is not starter]
    await explained(others, basket, 2)
    assert workers(home) == [worker]
    worker.kill()
    await asyncio.to_thread(all_end, [worker], 5)
    await explained(others, basket, 3)
    [another] = workers(home)
    assert another != worker
    for editor in others:
        await editor.soon(editor.shutdown_session())
    assert await asyncio.to_thread(all_end, [another], 5)
