"""Other ways to use qwlsp in Neovim: the one file, Neovim 0.10, a set-up that has gone wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.editors.nvim.neovim import Neovim

pytestmark = pytest.mark.editor


def test_one_copied_file_is_enough(neovim: Neovim, project: Path, quick: dict[str, Any]) -> None:
    neovim.use_one_file(**quick)
    done = neovim.run("standalone.lua", project)
    assert not done["plugin"]
    assert done["messages"][0].startswith("Explain `total` is done. Hover over `total` to read it.")
    assert done["hover"]
    assert done["shown"]
    assert done["messages"][1].startswith("what is it for? is done.")


def test_neovim_0_10_uses_the_plugin_too(
    older_neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    older_neovim.use_plugin(settings=quick)
    done = older_neovim.run("explain.lua", project)
    assert done["source"] == "model"
    assert done["seen"][-1] == done["shown"] == done["hover"]
    assert done["closed"]


def test_neovim_0_10_changes_settings_and_makes_edits(
    older_neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    older_neovim.use_plugin(settings=quick)
    done = older_neovim.run("make_async.lua", project)
    assert "async def fetch" in done["after"]
    assert done["undone"] == done["before"]


def test_checkhealth_names_what_is_wrong(neovim: Neovim, project: Path) -> None:
    neovim.use_plugin(
        cmd=["qwlsp-that-is-not-there", "serve"],
        settings={"model": {"pth": "x"}, "answers": {"detail": 3}},
    )
    done = neovim.run("health.lua", project)
    assert "The program qwlsp-that-is-not-there was not found." in done["health"]
    assert "pip install qwlsp" in done["health"]
    assert "settings.model.pth is no setting." in done["health"]
    assert "settings.answers.detail must be a string." in done["health"]
    assert "qwlsp is not running." in done["health"]
