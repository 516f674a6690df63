"""Short ways to ask what some code refers to."""

from __future__ import annotations

from qwlsp.context.resolve import Reference, related
from tests.unit.project import Files

STORE = "class Store:\n  def save(self): pass\n"


def references(files: Files, focus: str) -> list[Reference]:
    """The references of `focus`, a path with the name of the function or class: "a.py:Order"."""
    path, _, name = focus.partition(":")
    return related(path, files.scope(path, name), files.snapshot(path), files)


def find(sources: dict[str, str], focus: str) -> list[str]:
    """Definitions in order, those in other files than a.py as "path:name"; no class, no callers."""
    return [
        each.definition.qualified_name
        if each.path == "a.py"
        else f"{each.path}:{each.definition.qualified_name}"
        for each in references(Files(sources), focus)
        if each.role == "definition"
    ]


def check(code: str, *expected: str, focus: str = "f", **others: str) -> None:
    """Check which definitions `focus`, in the file a.py with this code, refers to, in order.

    `others` are the files beside it, without their extension.
    """
    sources = {"a.py": code, **{f"{path}.py": text for path, text in others.items()}}
    assert find(sources, f"a.py:{focus}") == list(expected)


def body(*lines: str) -> str:
    return "def f(a, b=None):\n" + "".join(f"    {line}\n" for line in lines)
