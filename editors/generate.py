"""Writes what is said about settings in more than one place: `python -m editors.generate`.

`qwlsp/settings.py` declares every setting once; the copies made here are tested to be up to date.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from textwrap import wrap
from typing import Any

from qwlsp import __version__
from qwlsp.settings import TEXT, Described, described

README = Path(__file__).parent.parent / "README.md"
LUA = Path(__file__).parent / "nvim" / "lua" / "qwlsp" / "settings.lua"
PACKAGE = Path(__file__).parent / "vscode" / "package.json"
COMMENT = "    --- "
BEGIN, END = "<!-- settings:", "<!-- /settings -->"

PROGRAM = Described(
    "server.path",
    "",
    "Path of the program qwlsp; empty: the one of the workspace's environment, else of PATH.",
    TEXT,
)
"""The one setting of VS Code's extension that the server does not know."""
RESTRICTED = (
    "server.path",
    "model.path",
    "model.folder",
    "model.hubEndpoint",
    "backend.",
    "actions.folder",
)
"""How the names of settings begin that decide what runs, what is read and what is sent where: a
folder that is not trusted can't set them."""


def table(settings: list[Described]) -> str:
    """The README's table of settings."""
    rows = [f"| `{s.name}` | `{json.dumps(s.default)}` | {s.help} |" for s in settings]
    return "\n".join(["| setting | default | what it does |", "|---|---|---|", *rows])


def readme(text: str) -> str:
    """The README with its table made anew."""
    begin = text.index("\n", text.index(BEGIN)) + 1
    return f"{text[:begin]}\n{table(described())}\n\n{text[text.index(END) :]}"


def lua(settings: list[Described]) -> str:
    """The Neovim plugin's module of defaults."""
    lines = ["--- All settings with their defaults. Generated: `python -m editors.generate`.", ""]
    lines.append("return {")
    for section, members in groupby(settings, lambda setting: setting.name.partition(".")[0]):
        lines.append(f"  {section} = {{")
        for each in members:
            name, default = each.name.partition(".")[2], json.dumps(each.default)
            lines += wrap(each.help, 100, initial_indent=COMMENT, subsequent_indent=COMMENT)
            lines.append(f"    {name} = {default},")
        lines.append("  },")
    return "\n".join([*lines, "}", ""])


def package(manifest: dict[str, Any], settings: list[Described]) -> dict[str, Any]:
    """The manifest of VS Code's extension with its version and settings made anew."""
    properties: dict[str, Any] = {}
    restricted: list[str] = []
    for order, each in enumerate([PROGRAM, *settings]):
        name = f"qwlsp.{each.name}"
        properties[name] = {
            **each.schema,
            "default": each.default,
            "description": each.help,
            "order": order,
        }
        if each.name.startswith(RESTRICTED):
            properties[name]["scope"] = "machine-overridable"
            restricted.append(name)
    trust = {**manifest["capabilities"]["untrustedWorkspaces"]}
    trust["restrictedConfigurations"] = restricted
    configuration = {"title": "qwlsp", "properties": properties}
    return {
        **manifest,
        "version": __version__,
        "capabilities": {**manifest["capabilities"], "untrustedWorkspaces": trust},
        "contributes": {**manifest["contributes"], "configuration": configuration},
    }


def write_package() -> None:
    """Bring the manifest of VS Code's extension up to date."""
    manifest = json.loads(PACKAGE.read_text(encoding="utf-8"))
    text = json.dumps(package(manifest, described()), indent=2, ensure_ascii=False)
    PACKAGE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
    LUA.write_text(lua(described()), encoding="utf-8")
    write_package()
