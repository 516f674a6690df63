"""The processes end when they should, and leave nothing behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psutil
from lsprotocol import types

from tests.lsp.editor import open_editor
from tests.processes import all_end

WORKER_LIVES = 5.0
"""Seconds at most that a worker outlives its server."""


async def _all_end(*processes: psutil.Process) -> bool:
    # In a thread: a server that nobody listens to can't even end.
    return await asyncio.to_thread(all_end, processes, WORKER_LIVES)


async def test_shutdown_ends_the_worker(home: Path, basket: str, quick: dict[str, Any]) -> None:
    async with open_editor(home, options=quick) as editor:
        await editor.explained(editor.open("file:///basket.py", basket), "result +=")
        worker = editor.worker
        await editor.soon(editor.shutdown_session())
        assert await _all_end(worker)
        assert editor.exit_status == 0


async def test_shutdown_in_the_middle_of_an_answer(
    home: Path, basket: str, lengthy: dict[str, Any]
) -> None:
    async with open_editor(home, options=lengthy) as editor:
        document = editor.open("file:///basket.py", basket)
        jobs = [await editor.explain(document, at) for at in ("result +=", "LIMIT")]
        await editor.writing(jobs[0])
        worker = editor.worker
        await editor.soon(editor.shutdown_session())
        assert await _all_end(worker)
        assert editor.exit_status == 0


async def test_exit_without_shutdown(home: Path, basket: str, lengthy: dict[str, Any]) -> None:
    async with open_editor(home, options=lengthy) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.writing(await editor.explain(document, "result +="))
        worker = editor.worker
        editor.exit(None)
        assert await _all_end(worker)
        await editor.soon(editor.ended_with())


async def test_the_editor_is_gone(home: Path, basket: str, lengthy: dict[str, Any]) -> None:
    async with open_editor(home, options=lengthy) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.writing(await editor.explain(document, "result +="))
        processes = [editor.server, editor.worker]
        editor.hang_up()
        await editor.soon(editor.ended_with())
        assert await _all_end(*processes)


async def test_the_server_is_killed(home: Path, basket: str, lengthy: dict[str, Any]) -> None:
    async with open_editor(home, options=lengthy) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.writing(await editor.explain(document, "result +="))
        worker = editor.worker
        editor.server.kill()
        await editor.soon(editor.ended_with())
        assert await _all_end(worker)


async def test_no_worker_before_there_is_work(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    quick["latency"] = {"readAhead": "off"}
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        assert await editor.title(document, "result +=") == "Explain `total`"
        assert await editor.hover(document, types.Position(0, 0)) is None
        assert editor.workers() == []
