"""Which rules a project's ruff configuration switches off.

Ruff lets the rules that are selected on its command line win over `ignore` in its configuration
files, and it has no option to turn that round. So these are read here, in the way that
https://docs.astral.sh/ruff/configuration/ describes; `per-file-ignores` and comments like `# noqa`
are left to ruff, for which they always count.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qwlsp.errors import QwlspError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAMES = (".ruff.toml", "ruff.toml", "pyproject.toml")
"""The files that ruff looks for in a folder; the first one counts."""
LARGEST = 1 << 20
"""Bytes. No configuration is so large; a file that is one by mistake may be endless."""
LONGEST_CHAIN = 16
"""Files that extend one another."""


class BadConfiguration(QwlspError):
    """A configuration file that can't be read, or is none."""


@dataclass(frozen=True)
class Layer:
    """What one file selects and ignores; `resets`: what the files that it extends say about rules
    does not count."""

    selected: tuple[str, ...]
    ignored: tuple[str, ...]
    resets: bool


def layers(path: Path) -> list[Layer]:
    """What the configuration for the file at `path` says, that of extended files first; nothing
    where there is none. Raises BadConfiguration."""
    found: list[Layer] = []
    file = _nearest(path)
    while file is not None:
        if len(found) == LONGEST_CHAIN:
            raise BadConfiguration(f"{file} extends itself.")
        options = _options(file)
        found.append(_layer(file, options))
        file = _extended(file, options)
    return found[::-1]


def ignores(found: Sequence[Layer], code: str, rule: str) -> bool:
    """Whether the rule `code`, called `rule` in words, is switched off. That it is not selected
    does not switch it off: nobody selects each rule that finds bugs."""
    off = False
    for layer in found:
        ignored = precision(layer.ignored, code, rule)
        selected = precision(layer.selected, code, rule)
        if ignored or selected:
            off = ignored >= selected
        elif layer.resets:
            off = False
    return off


def precision(selectors: Sequence[str], code: str, rule: str = "") -> int:
    """How precisely the best of these, like "ALL", "B" and "B006", names a rule; 0: none does."""
    return max((_match(each, code, rule) for each in selectors), default=0)


def _match(selector: str, code: str, rule: str) -> int:
    if selector in (code, rule):
        return len(code) + 1
    if selector == "ALL":
        return 1
    # "F" stands for all of F401, not for FURB101; "PL" for all of PLE and PLW.
    rest = code.removeprefix(selector) if selector and code.startswith(selector) else None
    is_prefix = rest is not None and (rest[:1].isdigit() or selector == "PL")
    return len(selector) + 1 if is_prefix else 0


def _nearest(path: Path) -> Path | None:
    own = Path(os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser())
    if sys.platform == "win32":
        own = Path(os.environ.get("APPDATA", ""))
    for folder in (*path.parents, own / "ruff"):
        for file in (folder / name for name in NAMES):
            if _exists(file) and (file.name != "pyproject.toml" or "ruff" in _tools(file)):
                return file
    return None


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):
        return False


def _options(file: Path) -> dict[str, Any]:
    options = _tools(file)["ruff"] if file.name == "pyproject.toml" else _read(file)
    if not isinstance(options, dict):
        raise BadConfiguration(f"{file} is no configuration of ruff.")
    return options


def _tools(file: Path) -> dict[str, Any]:
    try:
        tools: object = _read(file).get("tool", {})
    except BadConfiguration:
        if file.name != "pyproject.toml":
            raise
        return {}  # ruff passes over one that it can't read, too
    return tools if isinstance(tools, dict) else {}


def _read(file: Path) -> dict[str, Any]:
    try:
        if not file.is_file() or file.stat().st_size > LARGEST:
            raise BadConfiguration(f"{file} is no configuration of ruff.")
        data: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadConfiguration(f"{file} can't be read.") from error
    return data


def _layer(file: Path, options: dict[str, Any]) -> Layer:
    lint = options.get("lint", {})
    if not isinstance(lint, dict):
        raise BadConfiguration(f"{file} is no configuration of ruff.")

    def selectors(*names: str) -> tuple[str, ...]:
        return tuple(each for name in names for each in _strings(lint.get(name, options.get(name))))

    return Layer(
        selectors("select", "extend-select"),
        selectors("ignore", "extend-ignore"),
        "select" in lint or "select" in options,
    )


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, str))


def _extended(file: Path, options: dict[str, Any]) -> Path | None:
    extended = options.get("extend")
    if not isinstance(extended, str):
        return None
    try:
        return file.parent / Path(os.path.expandvars(extended)).expanduser()
    except RuntimeError as error:  # of a person who has no home
        raise BadConfiguration(f"{file} extends a file that can't be found.") from error
