"""Helix, set up as the guide says, in Neovim's terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editors.nvim.neovim import Neovim
from tests.editors.person import from_guide

DRIVE = Path(__file__).parent / "drive.lua"

pytestmark = pytest.mark.editor


def test_helix_explains_and_edits(helix: Path, neovim: Neovim, person: Path, project: Path) -> None:
    languages = person / "config" / "helix" / "languages.toml"
    languages.parent.mkdir(parents=True)
    languages.write_text(from_guide("Helix", "toml"), encoding="utf-8")
    seen = neovim.run(DRIVE, project, QWLSP_HELIX=str(helix))
    for title in ("Explain `total`", "Find bugs in `total`", "Make `total` async"):
        assert title in seen["menu"]
    assert "Explain `total` is done. Hover over `total` to read it." in seen["said"]
    assert "a function of 6 lines that takes prices and returns result" in seen["hover"]
    assert "async def fetch" in seen["async"]
    assert "time.sleep(attempt)" in seen["undone"]
