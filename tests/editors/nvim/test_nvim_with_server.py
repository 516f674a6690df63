"""The plugin in a real Neovim, with answers of a server that speaks OpenAI's protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.nvim.neovim import Neovim
from tests.editors.scripted_server import CHINESE, EXPLANATION, ScriptedServer

pytestmark = pytest.mark.editor

PIECE_SECONDS = 0.02


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server whose answers come piece by piece."""
    with ScriptedServer(delay=PIECE_SECONDS) as started:
        yield started


@pytest.fixture
def served(neovim: Neovim, server: ScriptedServer) -> Neovim:
    """Neovim with the plugin, which asks that server."""
    neovim.use_plugin(settings={"backend": {"kind": "openai", "baseUrl": server.url}})
    return neovim


def test_a_readable_explanation_grows_in_the_window(
    served: Neovim, server: ScriptedServer, project: Path
) -> None:
    done = served.run("explain.lua", project)
    assert done["shown"] == done["hover"]
    assert done["shown"].startswith(EXPLANATION[:40])
    assert done["status"].endswith(server.url.removeprefix("http://").removesuffix("/v1"))
    growing = [text for text in done["seen"] if not text.startswith("*")]
    assert len(growing) > 3
    assert [len(text) for text in growing] == sorted(len(text) for text in growing)


def test_a_question_in_chinese_is_answered_in_chinese_and_followed_up(
    served: Neovim, project: Path
) -> None:
    done = served.run("ask.lua", project)
    assert "error" not in done
    assert "这个函数返回什么" in done["title"]
    assert done["first"] == done["second"] == CHINESE
    assert done["follows"]
