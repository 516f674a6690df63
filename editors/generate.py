"""Writes what is said about settings in more than one place: `python -m editors.generate`.

`qwlsp/settings.py` declares every setting once; the copies made here are tested to be up to date.
"""

from __future__ import annotations

import json
from pathlib import Path

from qwlsp.settings import Described, described

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- settings:", "<!-- /settings -->"


def table(settings: list[Described]) -> str:
    """The README's table of settings."""
    rows = [f"| `{s.name}` | `{json.dumps(s.default)}` | {s.help} |" for s in settings]
    return "\n".join(["| setting | default | what it does |", "|---|---|---|", *rows])


def readme(text: str) -> str:
    """The README with its table made anew."""
    begin = text.index("\n", text.index(BEGIN)) + 1
    return f"{text[:begin]}\n{table(described())}\n\n{text[text.index(END) :]}"


if __name__ == "__main__":
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
