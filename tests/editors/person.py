"""The environment of a person who has qwlsp and nothing set up for it, and what the guide says."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "editors" / "README.md"


def environment(home: Path) -> dict[str, str]:
    """Variables by which programs keep all their files in `home`, and find qwlsp."""
    kinds = ("config", "data", "state", "cache")
    return {
        **{f"XDG_{kind.upper()}_HOME": str(home / kind) for kind in kinds},
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def from_guide(heading: str, language: str) -> str:
    """The first block of code in a language under a heading of editors/README.md."""
    text = GUIDE.read_text(encoding="utf-8")
    section = text[text.index(f"\n## {heading}\n") :]
    found = re.search(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{GUIDE} has no {language} under {heading}"
    return found[1]
