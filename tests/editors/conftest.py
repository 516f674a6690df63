"""What the tests in real editors share: a project to open, and where the editors are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.editors.nvim.neovim import Neovim

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
"""Looked up now: tests have a home of their own."""
LINES = 10_000
FILES = {
    "pyproject.toml": '[project]\nname = "shop"\n',
    "shop.py": '''\
"""A small shop."""

CURRENCY = "EUR"


def total(prices):
    """Add up the prices."""
    result = 0
    for price in prices:
        result += price
    return result
''',
    "client.py": """\
import time


def fetch(attempts):
    for attempt in range(attempts):
        time.sleep(attempt)
    return attempts
""",
    "bug.py": """\
def collect(item, into=[]):
    into.append(item)
    return into


def fine(item):
    return [item]
""",
    "long.py": "".join(
        f"def function_{number}(first, second):\n"
        f'    """Return the sum of both and {number}."""\n'
        f"    sum_of_both = first + second\n"
        f"    return sum_of_both + {number}\n"
        "\n"
        for number in range(LINES // 5)
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a small project in Python."""
    folder = tmp_path / "shop project"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def editors_folder() -> Path:
    """Where the set-up scripts put the editors."""
    if folder := os.environ.get("QWLSP_EDITORS"):
        return Path(folder)
    return CACHE / "qwlsp" / "editors"


def existing(program: Path, set_up: str) -> Path:
    """`program`, if its set-up script has been run."""
    assert program.exists(), f"{program} is missing: run `{set_up}`"
    return program


@pytest.fixture
def person(tmp_path: Path) -> Path:
    """The home of somebody who has set up nothing yet."""
    folder = tmp_path / "person"
    folder.mkdir()
    return folder


@pytest.fixture
def neovim(editors_folder: Path, person: Path) -> Neovim:
    """The newest Neovim."""
    program = editors_folder / "nvim" / "nvim"
    return Neovim(existing(program, "tests/editors/setup_nvim.sh"), person)


@pytest.fixture
def older_neovim(editors_folder: Path, person: Path) -> Neovim:
    """Neovim 0.10."""
    folder = editors_folder / "nvim-0.10"
    set_up = f"tests/editors/setup_nvim.sh {folder} trixie"
    return Neovim(existing(folder / "nvim", set_up), person)


@pytest.fixture
def helix(editors_folder: Path) -> Path:
    """Helix's program."""
    return existing(editors_folder / "helix" / "hx", "tests/editors/setup_others.sh")


@pytest.fixture
def emacs(editors_folder: Path) -> Path:
    """Emacs's program."""
    return existing(editors_folder / "emacs" / "emacs", "tests/editors/setup_others.sh")


@pytest.fixture
def quick(tiny_model: Path) -> dict[str, Any]:
    """Settings with the tiny model and short answers."""
    return {"model": {"path": str(tiny_model)}, "generation": {"maxTokens": 64}}


@pytest.fixture
def lengthy(tiny_model: Path) -> dict[str, Any]:
    """Settings that make an answer take several seconds, unless it is stopped."""
    generation = {"maxTokens": 8192, "temperature": 1}
    return {"model": {"path": str(tiny_model)}, "generation": generation}
