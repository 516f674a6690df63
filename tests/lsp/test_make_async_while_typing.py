"""Make async while a person types: edits are for the text as it is, or there are none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types

from tests.lsp.editor import Document, paused
from tests.lsp.windows import NAP, UNKNOWN, Window, open_window

# Typing while the plan is made: the model, which is asked about one call, stands still.


@asynccontextmanager
async def _planning(
    home: Path, options: dict[str, Any], **more: Any
) -> AsyncIterator[tuple[Window, Document, Callable[[], Any]]]:
    """A window whose worker has begun; the last is to be called for a job that can't end yet."""
    async with open_window(home, options=options, **more) as window:
        other = window.open("file:///other.py", "def other():\n    pass\n")
        await window.editor.explained(other, "pass")  # now there is a worker
        folder = more["folders"][0] if more.get("folders") else Path("/house")
        document = window.open(folder / "naps.py", UNKNOWN)
        yield window, document, lambda: window.run(document)


async def test_an_edit_is_planned_anew_after_typing(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
            window.editor.edit(document, "sleep(1)", "sleep(2)")
            window.editor.edit(document, "import time", "import time  # slow")
            await window.heard()
        ended = await window.editor.ended(job)
        assert "error" not in ended
        [params] = window.sent
        [change] = window.changes
        assert change.text_document.version == 3
        assert "    await asyncio.sleep(2)\n" in document.text
        assert params.label == "Make `nap` async"
        compile(document.text, "naps.py", "exec")


async def test_text_above_it_may_change(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
            above = "X = 1\n\n\ndef other(bed):\n    return bed\n\n\n"
            start = types.Position(0, 0)
            document.text = above + document.text
            window.editor.change(document, types.Range(start, start), above)
            await window.heard()
        await window.editor.ended(job)
        assert "async def nap" in document.text
        assert "\ndef other" in document.text
        assert [c.text_document.version for c in window.changes] == [2]


async def test_a_function_that_is_gone_is_not_edited(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
            window.editor.edit(document, "def nap", "def sleep")
            await window.heard()
        ended = await window.editor.ended(job)
        assert ended["error"] == "The text has changed, and `nap` is not found in it any more."
        assert window.sent == []
        assert document.text == UNKNOWN.replace("def nap", "def sleep")


async def test_a_buffer_that_was_closed_is_not_edited(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
            identifier = types.TextDocumentIdentifier(document.uri)
            window.editor.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
            await window.heard()
        ended = await window.editor.ended(job)
        assert ended["error"] == "naps.py is not open."
        assert window.sent == []


async def test_another_file_may_change(home: Path, project: Path, quick: dict[str, Any]) -> None:
    night = project / "night.py"
    async with _planning(home, quick, folders=[project]) as (window, document, run):
        (project / "naps.py").write_text(UNKNOWN)
        with paused(window.editor.worker):
            job = await run()
            await window.heard()
            night.write_text("from naps import nap\n\n\nasync def night(bed):\n    nap(bed)\n")
        ended = await window.editor.ended(job)
        assert "error" not in ended
        assert night.read_text().endswith("async def night(bed):\n    await nap(bed)\n")
        assert "async def nap" in document.text


async def test_an_edit_is_never_for_an_old_version(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
        for count in range(20):
            window.editor.edit(document, f"sleep({count or 1})", f"sleep({count + 1})")
            await window.heard()
        ended = await window.editor.ended(job)
        # One that was on its way when a key was pressed is refused; the next is for the text.
        assert "error" in ended or "async def nap" in document.text
        compile(document.text, "naps.py", "exec")


async def test_a_cancelled_job_edits_nothing(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            job = await run()
            await window.editor.command("qwlsp.cancel", job)
            assert (await window.editor.ended(job))["cancelled"]
        await window.heard()
        assert window.sent == []
        assert document.text == UNKNOWN


async def test_asked_twice_it_is_done_once(home: Path, quick: dict[str, Any]) -> None:
    async with _planning(home, quick) as (window, document, run):
        with paused(window.editor.worker):
            first, second = await run(), await run()
        assert (await window.editor.ended(first))["cancelled"]
        assert "error" not in await window.editor.ended(second)
        assert len(window.sent) == 1
        assert document.text.count("async def") == 1


async def test_a_closed_file_in_another_encoding_is_not_broken(home: Path, project: Path) -> None:
    text = "# coding: latin-1\nfrom naps import nap\n\n\nasync def night():\n    nap('für acht')\n"
    (project / "night.py").write_bytes(text.encode("latin-1"))
    async with open_window(home, folders=[project]) as window:
        document = window.open(project / "naps.py", NAP)
        result = await window.made(document, preview=True)
        assert "\N{REPLACEMENT CHARACTER}" not in str(result["edits"])
