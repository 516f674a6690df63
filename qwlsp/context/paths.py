"""Expressions as paths of names, and the paths that text without a tree holds.

A path says how to get to what an expression means: start at the first name, then take one step
after another. `context.names` reads paths from trees, `context.lookup` follows them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Path: TypeAlias = tuple[str, ...]
"""`shop.Order(1).total()` is ("shop", "Order", CALL, "total", CALL). What is in a container is not
told from the container: `orders[0].total` is ("orders", "total")."""

CALL = "()"
"""The step from what is called to what the call gives."""

LONGEST_PATH = 8
"""Steps. What stands further down a chain of calls is left out."""

COMMON_METHODS = frozenset(
    name for type_ in (str, bytearray, int, float, list, set, dict) for name in dir(type_)
)
"""Names that do not tell whose method is meant: Python's own values have it."""

Role = Literal["use", "type", "exception", "base"]


@dataclass(frozen=True)
class Mention:
    """An expression of names; `at` is the byte where it starts, `role` what it is there for."""

    path: Path
    at: int
    role: Role = "use"


@dataclass(frozen=True)
class Binding:
    """A local name, or an attribute like ("self", "db"), and the expressions it may stand for.

    An annotation counts as calls of the types in it, whatever holds them: `list[Order]` stands for
    ("Order", CALL). Without `values` nothing is known of the name, which starts at byte `at`.
    """

    target: Path
    values: tuple[Path, ...]
    at: int


@dataclass(frozen=True)
class Names:
    """What a piece of code mentions and what it binds, both in source order."""

    mentions: tuple[Mention, ...]
    bindings: tuple[Binding, ...] = ()


def dotted_names(text: str) -> list[tuple[int, Path]]:
    """The dotted names in `text`, each with the character where it starts."""
    return [(match.start(), _split(match[0])) for match in _DOTTED.finditer(text)]


def names_in_text(text: str) -> Names:
    """The dotted names in code whose strings and comments look like JavaScript's.

    The places of the mentions are characters.
    """
    found = [match for match in _CODE.finditer(text) if match["names"]]
    return Names(tuple(Mention(_split(match["names"]), match.start()) for match in found))


def instances(annotation: str) -> tuple[Path, ...]:
    """Values of the types that an annotation names, for `list["Order"]` those of list and Order."""
    return tuple((*path, CALL) for _, path in dotted_names(annotation))


def bases_of(signature: str) -> tuple[Path, ...]:
    """The names of the classes that a class builds on, by its signature."""
    match = _BASES.search(signature)
    text = (match[1] or match[2] or "") if match else ""
    return tuple(_split(found["names"]) for found in _ARGUMENT.finditer(text))


def result_of(signature: str) -> tuple[Path, ...]:
    """What a function gives, by its signature; nothing without an annotation."""
    _, arrow, annotation = signature.rpartition("->")
    return instances(annotation) if arrow else ()


def value_of(signature: str) -> tuple[Path, ...]:
    """What a variable may be, by its signature: `total: Order` or `total = Order(1)`.

    An alias of types, like `dict[str, Order] | None`, may be any of them.
    """
    match = _VARIABLE.fullmatch(signature)
    if match is None:
        return ()
    if match["type"]:
        return instances(match["type"])
    if match["called"]:
        return ((*_split(match["called"]), CALL),)
    return tuple(path for _, path in dotted_names(match["names"] or ""))


def leading_to(target: Path, bindings: Sequence[Binding]) -> list[Binding]:
    """The bindings, in their order, that what `target` stands for depends on."""
    wanted = {target}
    found = []
    for binding in reversed(bindings):
        if binding.target in wanted:
            found.append(binding)
            wanted.update(path[:length] for path in binding.values for length in (1, 2))
    return found[::-1]


def _split(dotted: str) -> Path:
    return tuple(_STEP.findall(dotted)[:LONGEST_PATH])


_NAME = r"(?:[^\W\d]|[$])[\w$]*"
_STEP = re.compile(r"#?[\w$]+")
_DOTTED = re.compile(rf"{_NAME}(?:\s*\??\.\s*#?{_NAME})*")
_BASES = re.compile(r"\((.*)\)|\bextends\b(.*)", re.DOTALL)
_ARGUMENT = re.compile(rf"(?:{_NAME}\s*=\s*)?(?P<names>{_DOTTED.pattern})")
_VARIABLE = re.compile(
    rf"(?:\w+\s+)*{_NAME}\s*(?::(?P<type>[^=]+))?"
    rf"(?:=\s*(?:(?:await\s+|new\s+)*(?P<called>{_DOTTED.pattern})\(.*"
    r"|(?P<names>[\w\s.,$|\[\]…]+);?|.*))?",
    re.DOTALL,
)
# Strings and comments are matched too, so that no names are found in them.
_CODE = re.compile(
    r"""//[^\n]*|/\*(?:.*?\*/|.*)|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?"""
    rf"|(?<![\w$])(?P<names>(?![$]{{){_DOTTED.pattern})",
    re.DOTALL,
)
