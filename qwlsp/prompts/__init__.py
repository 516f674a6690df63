"""Prompts as data: one Markdown file each, with `$name` places, as in `string.Template`."""

from __future__ import annotations

from functools import cache
from importlib import resources
from string import Template


@cache
def load(name: str) -> Template:
    """The prompt in NAME.md of this package."""
    text = resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    return Template(text.strip())
