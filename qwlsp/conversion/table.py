"""What becomes of calls that block: the table in table.toml, and what a person adds to it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from qwlsp.errors import QwlspError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

THREAD, KEEP, LIST, WHOLE = "thread", "keep", "list", "whole"
"""What may stand in `to` besides a spelling; see table.toml."""


class BadTable(QwlspError):
    """A table of conversions that can't be understood."""


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """What a call, or a use of what it gives, is spelled as. See table.toml for each part."""

    to: str
    gives: str = ""
    keywords: tuple[str, ...] | None = None
    most: int | None = None
    renamed: Mapping[str, str] | None = None
    extra: str = ""
    spread: bool = False
    in_with: str = ""
    around: str = ""
    first: str = ""
    shared: bool = False
    each: str = ""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the calls of one family are spelled, where the project uses `package`."""

    family: str
    package: str = ""
    names: Mapping[str, str]
    unsafe: tuple[str, ...]
    calls: Mapping[str, Spelling]


@dataclass(frozen=True)
class Kind:
    """What may be done with a value: "read()" with a method, "text" with an attribute, "for" and
    "with" in statements. With a strict one, nothing else."""

    uses: Mapping[str, Spelling]
    strict: bool = False


@dataclass(frozen=True)
class Table:
    """All that is known. `families` names the family of each call."""

    ways: tuple[Way, ...]
    kinds: Mapping[str, Kind]
    families: Mapping[str, str]
    called_synchronously: Mapping[str, tuple[str, ...]]
    transparent: frozenset[str]

    def ways_of(self, call: str, packages: Iterable[str]) -> list[Way]:
        """The ways for a call's family that need none but `packages`, the best first."""
        family = self.families[call]
        usable = {"", *packages}
        return [way for way in self.ways if way.family == family and way.package in usable]

    @property
    def packages(self) -> set[str]:
        """All packages that some way needs."""
        return {way.package for way in self.ways if way.package}


@cache
def load(extra: Path | None = None) -> Table:
    """The table, with what the file `extra` adds if it exists. Raises BadTable."""
    data = tomllib.loads(files(__package__).joinpath("table.toml").read_text(encoding="utf-8"))
    if extra is None or not extra.is_file():
        return _table(data, {})
    try:
        return _check(_table(data, tomllib.loads(extra.read_text(encoding="utf-8"))))
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise BadTable(f"{extra} is no table of conversions: {error}.") from error


def _check(table: Table) -> Table:
    """The table, if all kinds that it names are there. Raises ValueError."""
    spellings = [
        *(spelling for way in table.ways for spelling in way.calls.values()),
        *(spelling for kind in table.kinds.values() for spelling in kind.uses.values()),
    ]
    named = {name for each in spellings for name in (each.gives, each.each) if name}
    if missing := sorted(named - table.kinds.keys()):
        raise ValueError(f"there is no kind {', '.join(missing)}")
    return table


def _table(own: dict[str, Any], added: dict[str, Any]) -> Table:
    ways = [_way(each) for each in (*added.get("way", ()), *own["way"])]
    kinds = {**own["kinds"], **added.get("kinds", {})}
    bases = {**own["called_synchronously"], **added.get("called_synchronously", {})}
    return Table(
        tuple(ways),
        {name: _kind(each) for name, each in kinds.items()},
        {call: way.family for way in reversed(ways) for call in way.calls},
        {base: tuple(methods) for base, methods in bases.items()},
        frozenset((*own["decorators"]["transparent"], *_added_decorators(added))),
    )


def _added_decorators(added: dict[str, Any]) -> list[str]:
    decorators: dict[str, list[str]] = added.get("decorators", {})
    return decorators.get("transparent", [])


def _way(data: dict[str, Any]) -> Way:
    calls = {
        call: _spelling(each, call.rpartition(".")[2])
        for names, each in data.get("calls", {}).items()
        for call in names.split()
    }
    calls |= {call: Spelling(to=THREAD) for call in data.get("threads", "").split()}
    return Way(
        family=data["family"],
        package=data.get("package", ""),
        names=data.get("names", {}),
        unsafe=tuple(data.get("unsafe", ())),
        calls=calls,
    )


def _kind(data: dict[str, Any]) -> Kind:
    uses = {name: _spelling(each, "") for name, each in data.items() if name != "strict"}
    return Kind(uses, data.get("strict", False))


def _spelling(data: str | dict[str, Any], name: str) -> Spelling:
    if isinstance(data, str):
        return Spelling(to=data)
    if unknown := data.keys() - {field.name for field in fields(Spelling)}:
        raise ValueError(f"{', '.join(sorted(unknown))} is not known")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
    }
    for key in ("to", "gives"):
        if key in values:
            values[key] = values[key].replace("{name}", name)
    return Spelling(**values)
