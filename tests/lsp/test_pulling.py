"""A model is fetched from inside an editor: asked for, or offered where there is none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.lsp.editor import open_editor
from tests.models.hub import Hub, open_hub

DEFAULT = "Qwen/Qwen2.5-0.5B-Instruct-GGUF/qwen2.5-0.5b-instruct-q4_k_m.gguf"
NAME = "qwen2.5-0.5b-instruct-q4_k_m"


@pytest.fixture
def hub(tiny_model: Path) -> Iterator[Hub]:
    with open_hub(files={DEFAULT: tiny_model.read_bytes()}) as opened:
        yield opened


@pytest.fixture
def options(hub: Hub) -> dict[str, Any]:
    return {"model": {"hubEndpoint": hub.address}, "generation": {"maxTokens": 8}}


async def test_it_is_fetched_and_used(
    home: Path, basket: str, hub: Hub, options: dict[str, Any]
) -> None:
    async with open_editor(home, options=options) as editor:
        editor.choices = ["Fetch it"]
        await editor.command("qwlsp.pullModel", {})
        asked = await editor.hear(types.WINDOW_SHOW_MESSAGE_REQUEST)
        assert NAME in asked.message
        assert hub.address in asked.message
        said = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert said.message == f"{NAME}.gguf is here. It is used from now on."
        document = editor.open("file:///basket.py", basket)
        assert (await editor.explained(document, "result +="))["model"] == NAME
    assert [path.name for path in (home / "models").iterdir()] == [f"{NAME}.gguf"]


async def test_nothing_is_fetched_without_a_yes(
    home: Path, hub: Hub, options: dict[str, Any]
) -> None:
    async with open_editor(home, options=options) as editor:
        for choices in (["Not now"], []):
            editor.choices = choices
            await editor.command("qwlsp.pullModel", {"name": "qwen2.5-0.5b-instruct"})
    assert hub.requests == []


async def test_a_plain_editor_is_offered_one_once(
    home: Path, basket: str, hub: Hub, options: dict[str, Any]
) -> None:
    async with open_editor(home, plugin=False, options=options) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.explain(document, "result +=")
        asked = await editor.hear(types.WINDOW_SHOW_MESSAGE_REQUEST)
        assert asked.message.startswith("There is no model on this machine")
        await editor.explained(document, "LIMIT")
        await editor.explain(document, "apples.append")
        await editor.hear(types.WINDOW_SHOW_MESSAGE, lambda said: "`Basket.add`" in said.message)
        assert len(editor.all_heard(types.WINDOW_SHOW_MESSAGE_REQUEST)) == 1
    assert hub.requests == []


async def test_closing_the_progress_bar_stops_it(
    home: Path, hub: Hub, options: dict[str, Any]
) -> None:
    hub.stalls = threading.Event()
    async with open_editor(home, options=options) as editor:
        editor.choices = ["Fetch it"]
        pulling = asyncio.create_task(editor.command("qwlsp.pullModel", {}))
        created = await editor.hear(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        editor.window_work_done_progress_cancel(
            types.WorkDoneProgressCancelParams(token=created.token)
        )
        await editor.command("qwlsp.cancel", {"id": "none"})  # the server has heard of it
        hub.stalls.set()
        await pulling
        said = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert said.message == "The download was stopped; the next one goes on from here."
    assert not list((home / "models").glob("*.gguf"))


async def test_what_goes_wrong_is_said(home: Path, hub: Hub, options: dict[str, Any]) -> None:
    hub.wrong_checksum = True
    async with open_editor(home, options=options) as editor:
        editor.choices = ["Fetch it"]
        await editor.command("qwlsp.pullModel", {})
        said = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert said.message == f"{NAME}.gguf arrived with a wrong checksum; it was deleted."
        with pytest.raises(JsonRpcException, match="names no model"):
            await editor.command("qwlsp.pullModel", {"name": "no such thing"})


async def test_the_editor_goes_while_it_is_fetched(
    home: Path, hub: Hub, options: dict[str, Any]
) -> None:
    hub.stalls = threading.Event()
    async with open_editor(home, options=options) as editor:
        editor.choices = ["Fetch it"]
        pulling = asyncio.create_task(editor.command("qwlsp.pullModel", {}))
        await editor.hear(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        ending = asyncio.create_task(editor.shutdown_session())
        hub.stalls.set()
        await editor.soon(ending)
        pulling.cancel()
        await asyncio.gather(pulling, return_exceptions=True)
    assert not list((home / "models").glob("*.gguf"))
