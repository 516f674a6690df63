"""The table of conversions: what it names exists, and what it spells is Python."""

from __future__ import annotations

import ast
import asyncio
import builtins
import importlib
import inspect
import pathlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from qwlsp.conversion import table
from qwlsp.conversion.table import KEEP, LIST, THREAD, WHOLE, BadTable, Spelling

OWN = table.load()
WORDS = (THREAD, KEEP, LIST, WHOLE)
STATEMENTS = {"for": ("async for",), "with": ("async with",), "iterated": (), "/": ()}


def _spellings() -> Iterator[tuple[str, str, Spelling]]:
    """Each with where it stands, and what it is for."""
    for way in OWN.ways:
        for call, spelling in way.calls.items():
            yield f"{way.family}/{way.package}", call, spelling
    for name, kind in OWN.kinds.items():
        for use, spelling in kind.uses.items():
            yield name, use, spelling


SPELLINGS = list(_spellings())


def _resolve(dotted: str) -> object:
    """What a dotted name means. Raises ImportError or AttributeError."""
    names = dotted.split(".")
    if hasattr(builtins, names[0]):
        found, rest = builtins, names
    else:
        found, rest = importlib.import_module(names[0]), names[1:]
        while rest and inspect.ismodule(found) and not hasattr(found, rest[0]):
            found = importlib.import_module(f"{found.__name__}.{rest.pop(0)}")
    result: object = found
    for name in rest:
        result = getattr(result, name)
    return result


def _dotted() -> set[str]:
    """All dotted names that a program may have."""
    found = {*OWN.families, *OWN.called_synchronously}
    for way in OWN.ways:
        found |= {*way.names}
        for spelled in way.names.values():  # one name, or several in parentheses
            found |= {each.strip() for each in spelled.strip("()").split(",")} - {""}
    return found


def _is_here(dotted: str) -> bool:
    """Whether it belongs to this Python, or to a package that is installed for the tests."""
    root = dotted.partition(".")[0]
    return root in sys.stdlib_module_names or hasattr(builtins, root) or root == "httpx"


# What is named exists.


@pytest.mark.parametrize("dotted", sorted(filter(_is_here, _dotted())))
def test_a_name_of_the_standard_library_exists(dotted: str) -> None:
    _resolve(dotted)


def test_other_names_are_those_of_packages() -> None:
    roots = {name.partition(".")[0] for name in _dotted() if not _is_here(name)}
    assert roots - {"tomllib"} == {"aiohttp", "aiosqlite", "requests", "urllib3"}


@pytest.mark.parametrize(("base", "methods"), OWN.called_synchronously.items())
def test_methods_that_are_called_synchronously_exist(base: str, methods: tuple[str, ...]) -> None:
    own = dir(_resolve(base))
    # "test*" and "do_*" are those of subclasses alone.
    assert [name for name in methods if "*" not in name and name not in own] == []


def test_the_kinds_of_results_exist() -> None:
    wrong = [(w, u) for w, u, each in SPELLINGS if not {each.gives, each.each} <= {"", *OWN.kinds}]
    assert wrong == []


def test_no_kind_is_for_nothing() -> None:
    used = {name for _, _, each in SPELLINGS for name in (each.gives, each.each)}
    assert set(OWN.kinds) <= used


def test_each_call_has_a_way_that_needs_no_package() -> None:
    for call, family in OWN.families.items():
        without = [way for way in OWN.ways_of(call, ()) if call in way.calls]
        assert without, f"{call} of {family}"


def test_a_call_belongs_to_one_family() -> None:
    found: dict[str, set[str]] = {}
    for way in OWN.ways:
        for call in way.calls:
            found.setdefault(call, set()).add(way.family)
    assert {call: families for call, families in found.items() if len(families) > 1} == {}


CLASSES: dict[str, type] = {
    "asyncio.Process": asyncio.subprocess.Process,
    "subprocess.Popen": subprocess.Popen,
    "pathlib.Path": pathlib.Path,
    "sqlite3.Connection": sqlite3.Connection,
    "sqlite3.Cursor": sqlite3.Cursor,
    "threading.Thread": threading.Thread,
    "httpx.AsyncClient": httpx.AsyncClient,
    "httpx.Response": httpx.Response,
    "asyncio.Queue": asyncio.Queue,
    **{
        f"asyncio.{name}": getattr(asyncio, name)
        for name in ("Lock", "Semaphore", "BoundedSemaphore", "Event", "Condition")
    },
}


def _members() -> Iterator[tuple[str, str, str]]:
    """Kinds, what is done with their values, and the member that it is spelled with."""
    for kind in CLASSES:
        for use, spelling in OWN.kinds[kind].uses.items():
            name = use.removesuffix("()")
            to = name if spelling.to in WORDS else spelling.to.removeprefix("await ")
            if use not in STATEMENTS and to.isidentifier():
                yield kind, use, to


@pytest.mark.parametrize(("kind", "use", "name"), list(_members()))
def test_a_member_of_a_kind_exists(kind: str, use: str, name: str) -> None:
    assert hasattr(CLASSES[kind], name) or name in _set_at_first(CLASSES[kind])


def _set_at_first(class_: type) -> tuple[str, ...]:
    """The names of what `__init__` sets, among others."""
    code = getattr(class_.__init__, "__code__", None)
    names: tuple[str, ...] = code.co_names if code else ()
    return names


@pytest.mark.parametrize(
    ("kind", "use", "name"),
    [
        (kind, use, name)
        for kind, use, name in _members()
        if kind.startswith(("asyncio.", "httpx.")) and hasattr(CLASSES[kind], name)
    ],
)
def test_coroutines_are_awaited_and_nothing_else_is(kind: str, use: str, name: str) -> None:
    is_coroutine = inspect.iscoroutinefunction(getattr(CLASSES[kind], name))
    assert is_coroutine == OWN.kinds[kind].uses[use].to.startswith("await ")


# What is spelled is Python.


def _parses(code: str) -> bool:
    try:
        ast.parse(f"async def f():\n    {code}\n")
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize(
    ("where", "use", "spelling"),
    [
        (where, use, each)
        for where, use, each in SPELLINGS
        if each.to not in (*WORDS, *STATEMENTS.get(use, ()))
    ],
)
def test_a_spelling_is_python(where: str, use: str, spelling: Spelling) -> None:
    to = spelling.to
    if not to:
        assert spelling.in_with
        return
    call = "(x)" if use.endswith("()") or where.partition("/")[0] not in OWN.kinds else ""
    if "{value}" not in to and where in OWN.kinds and use not in STATEMENTS:
        is_awaited = to.startswith("await ")
        to = f"{'await ' if is_awaited else ''}{{value}}.{to.removeprefix('await ')}"
    assert "{name}" not in to
    code = to.replace("{value}", "value")
    assert _parses(code + ("" if code.endswith(")") else call)), code


@pytest.mark.parametrize(
    ("where", "use", "spelling"),
    [
        (where, use, each)
        for where, use, each in SPELLINGS
        if each != Spelling(to=each.to, gives=each.gives)
    ],
)
def test_the_other_parts_are_python(where: str, use: str, spelling: Spelling) -> None:
    if spelling.in_with:
        manager = spelling.in_with.replace("{arguments}", "x")
        assert _parses(f"async with {manager}{'' if manager.endswith(')') else '(x)'}: pass")
    if spelling.around:
        assert spelling.around.startswith(("with ", "async with ")) and " as " in spelling.around
        assert _parses(f"{spelling.around}: pass")
    if spelling.first:
        assert _parses(spelling.first.replace("{name}", "name"))
    if spelling.extra:
        assert _parses(f"f({spelling.extra})")
    for name in (*(spelling.keywords or ()), *(spelling.renamed or {}).values()):
        assert name.isidentifier()
    assert set(spelling.renamed or {}) <= set(spelling.keywords or spelling.renamed or {})


@pytest.mark.parametrize("way", OWN.ways, ids=lambda way: f"{way.family}/{way.package}")
def test_what_is_spelled_belongs_to_the_package_or_to_asyncio(way: table.Way) -> None:
    for spelling in way.calls.values():
        for code in (spelling.to, spelling.in_with, spelling.around):
            bare = code.replace("async with ", "").removeprefix("await ")
            root = bare.partition(".")[0].partition("(")[0]
            if code not in WORDS and "." in bare and root not in ("client", "session"):
                assert root == (way.package or "asyncio")


# Choosing a way.


def test_the_way_of_a_package_that_is_used_comes_first() -> None:
    found = OWN.ways_of("requests.get", ["aiohttp", "rich"])
    assert [way.package for way in found] == ["aiohttp", ""]
    found = OWN.ways_of("requests.get", ["aiohttp", "httpx"])
    assert [way.package for way in found] == ["httpx", "aiohttp", ""]
    assert [way.package for way in OWN.ways_of("requests.get", [])] == [""]


def test_the_packages_of_the_table() -> None:
    assert OWN.packages == {"httpx", "aiohttp", "aiofiles", "anyio", "aiosqlite"}


# What a person adds.

SLEEP = """\
[[way]]
family = "sleep"
[way.calls."time.sleep"]
to = "await anyio.sleep"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file that no test before has loaded."""
    return tmp_path / "async.toml"


def test_a_file_that_is_not_there_adds_nothing(own: Path) -> None:
    assert table.load(own) == OWN


def test_an_added_way_wins(own: Path) -> None:
    own.write_text(SLEEP)
    first, *others = table.load(own).ways_of("time.sleep", ())
    assert first.calls["time.sleep"].to == "await anyio.sleep"
    assert others == OWN.ways_of("time.sleep", ())


def test_an_added_way_may_need_a_package(own: Path) -> None:
    own.write_text(SLEEP.replace('family = "sleep"', 'family = "sleep"\npackage = "anyio"'))
    found = table.load(own)
    assert [way.package for way in found.ways_of("time.sleep", ["anyio"])] == ["anyio", ""]
    assert [way.package for way in found.ways_of("time.sleep", [])] == [""]


def test_a_new_family_a_kind_and_a_base_are_added(own: Path) -> None:
    own.write_text(
        '[[way]]\nfamily = "redis"\npackage = "redis"\nthreads = "redis.ping redis.echo"\n'
        '[way.calls."redis.Redis"]\nto = "redis.asyncio.{name}"\ngives = "redis.Redis"\n'
        '[kinds."redis.Redis"]\nstrict = true\n"get()" = "await get"\n'
        '[called_synchronously]\n"redis.Base" = ["run"]\n'
    )
    found = table.load(own)
    [way] = found.ways_of("redis.Redis", ["redis"])
    assert way.calls["redis.Redis"].to == "redis.asyncio.Redis"
    assert way.calls["redis.echo"] == Spelling(to=THREAD)
    assert found.kinds["redis.Redis"].strict
    assert found.kinds["redis.Redis"].uses == {"get()": Spelling(to="await get")}
    assert found.called_synchronously["redis.Base"] == ("run",)
    assert set(found.called_synchronously) > set(OWN.called_synchronously)


def test_an_added_kind_replaces_the_one_of_its_name(own: Path) -> None:
    own.write_text('[kinds.file]\n"read()" = "await read"\n')
    assert set(table.load(own).kinds["file"].uses) == {"read()"}


BROKEN = {
    "no TOML": "[[way]\n",
    "no UTF-8": b"# \xff\n",
    "no family": '[[way]]\n[way.calls."time.sleep"]\nto = "await anyio.sleep"\n',
    "unknown key": SLEEP + "speed = 3\n",
    "no spelling": SLEEP.replace('to = "await anyio.sleep"', "most = 1"),
    "a spelling that is a number": SLEEP.replace('"await anyio.sleep"', "3"),
    "ways that are no tables": "way = 3\n",
    "calls that are a list": '[[way]]\nfamily = "sleep"\ncalls = []\n',
    "kinds that are a list": "kinds = [1]\n",
    "a kind that is a text": 'kinds = { file = "x" }\n',
    "methods that are a number": "[called_synchronously]\nBase = 1\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_said_in_a_sentence(name: str, own: Path) -> None:
    data = BROKEN[name]
    own.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(BadTable) as caught:
        table.load(own)
    message = str(caught.value)
    assert message.startswith(f"{own} is no table of conversions: ")
    assert message.endswith(".") and "\n" not in message


def test_a_kind_that_does_not_exist_is_said_at_once(own: Path) -> None:
    own.write_text(SLEEP + 'gives = "naps"\n')
    with pytest.raises(BadTable, match="naps"):
        table.load(own)
