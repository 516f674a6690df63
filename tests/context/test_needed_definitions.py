"""The definitions that a reader of a function needs are in its context.

cases/ names functions of three packages that pip installs, and for each what a person who wants to
understand it would look up in the same package: listed by hand from reading the code, not from
what the program finds.
"""

from __future__ import annotations

import ast
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.context.building import Lines, context_of

BUDGET = 2_000
"""Tokens for the function and all that is added to it."""

ENOUGH = 0.9
"""The share of the needed definitions that must be there."""

CASES = {path.stem: path for path in sorted(Path(__file__).with_name("cases").glob("*.json"))}

SHOP = """\
LIMIT: int = 5
@dataclass
class Shop:
    open = True
    @property
    def total(self):
        return 1
    @total.setter
    def total(self, value): pass
if LIMIT:
    @cache
    def f(): g = 1
"""


@dataclass(frozen=True)
class Place:
    """A definition: its file relative to the package's folder, and its qualified name there."""

    file: str
    name: str

    def __str__(self) -> str:
        return f"{self.file}:{self.name}"


@dataclass(frozen=True)
class Case:
    """A function, and the definitions in its package that a reader of it needs."""

    function: Place
    needs: tuple[Place, ...]


def installed(package: str) -> Path:
    """The folder of a package; it is found without being imported."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    (folder,) = spec.submodule_search_locations
    return Path(folder)


def cases(package: str) -> list[Case]:
    return [
        Case(
            Place(entry["file"], entry["function"]),
            tuple(Place(**need) for need in entry["needs"]),
        )
        for entry in json.loads(CASES[package].read_text(encoding="utf-8"))["functions"]
    ]


@cache
def definitions(path: Path) -> dict[str, list[ast.stmt]]:
    """The functions, classes and variables of a file by qualified name, in source order.

    An overloaded function and a property with a setter stand there several times.
    """
    found: dict[str, list[ast.stmt]] = defaultdict(list)
    for name, node in _defined(ast.parse(path.read_bytes()).body, ""):
        found[name].append(node)
    return found


def _defined(body: Iterable[ast.stmt], outer: str) -> Iterator[tuple[str, ast.stmt]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield outer + node.name, node
            yield from _defined(node.body, f"{outer}{node.name}.")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield outer + node.name, node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((outer + each.id, node) for each in targets if isinstance(each, ast.Name))
        elif isinstance(node, (ast.If, ast.Try)):
            blocks = [node.body, node.orelse]
            if isinstance(node, ast.Try):
                blocks += [node.finalbody, *(handler.body for handler in node.handlers)]
            for block in blocks:
                yield from _defined(block, outer)


def is_shown(need: Place, folder: Path, context: Iterable[Lines], package: str) -> bool:
    """Whether the line with the `def`, `class` or name of the definition is in `context`."""
    path = f"{package}/{need.file}"
    lines = [node.lineno for node in definitions(folder / need.file)[need.name]]
    return any(
        piece.path == path and piece.first <= line <= piece.last
        for piece in context
        for line in lines
    )


def test_there_are_thirty_functions_of_three_packages() -> None:
    assert [len(cases(package)) for package in CASES] == [10, 10, 10]


@pytest.mark.parametrize("package", CASES)
def test_the_package_is_the_one_that_was_read(package: str) -> None:
    read = json.loads(CASES[package].read_text(encoding="utf-8"))
    assert (read["package"], read["version"]) == (package, version(package))


@pytest.mark.parametrize("package", CASES)
def test_the_functions_exist_once_and_are_neither_short_nor_long(package: str) -> None:
    for case in cases(package):
        nodes = definitions(installed(package) / case.function.file)[case.function.name]
        assert len(nodes) == 1, case.function
        assert isinstance(nodes[0], (ast.FunctionDef, ast.AsyncFunctionDef)), case.function
        assert nodes[0].end_lineno is not None
        assert 10 <= nodes[0].end_lineno - nodes[0].lineno + 1 <= 80, case.function


@pytest.mark.parametrize("package", CASES)
def test_the_needed_definitions_exist(package: str) -> None:
    for case in cases(package):
        assert 2 <= len(case.needs) <= 8, case.function
        assert len({case.function, *case.needs}) == 1 + len(case.needs), case.function
        for need in case.needs:
            assert need.name in definitions(installed(package) / need.file), need


@pytest.mark.parametrize(
    ("line", "name"),
    [(1, "LIMIT"), (3, "Shop"), (4, "Shop.open"), (6, "Shop.total"), (9, "Shop.total"), (12, "f")],
)
def test_a_definition_is_shown_by_the_line_that_names_it(
    tmp_path: Path, line: int, name: str
) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    found = definitions(tmp_path / "shop.py")
    assert sorted(found) == ["LIMIT", "Shop", "Shop.open", "Shop.total", "f"]
    need = Place("shop.py", name)
    assert is_shown(need, tmp_path, [Lines("shop/shop.py", line, line)], "shop")
    assert not is_shown(need, tmp_path, [Lines("shop/other.py", 1, 99)], "shop")
    assert not is_shown(need, tmp_path, [Lines("shop/shop.py", 2, 2)], "shop")


def test_nine_of_ten_needed_definitions_are_in_the_context(tmp_path: Path) -> None:
    missing: list[str] = []
    needed = 0
    for package in CASES:
        folder = installed(package)
        root = tmp_path / package
        shutil.copytree(folder, root / package, ignore=shutil.ignore_patterns("__pycache__"))
        for case in cases(package):
            file = f"{package}/{case.function.file}"
            context = context_of(root, file, case.function.name, BUDGET)
            needed += len(case.needs)
            missing += [
                f"{package}: {case.function} lacks {need}"
                for need in case.needs
                if not is_shown(need, folder, context, package)
            ]
    share = 1 - len(missing) / needed
    print(f"{share:.1%} of {needed} definitions are there", *missing, sep="\n")
    assert share >= ENOUGH
