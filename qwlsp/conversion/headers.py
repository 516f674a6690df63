"""What changes about a function besides its calls: its header, its decorators, what it yields."""

from __future__ import annotations

import re
from collections.abc import Set

from tree_sitter import Node

from qwlsp.conversion.blocks import unit_of
from qwlsp.conversion.program import Function
from qwlsp.conversion.writer import Writer
from qwlsp.syntax.quote import node_text, parts
from qwlsp.syntax.scopes import walk

ANNOTATIONS = {
    "Iterator": "AsyncIterator",
    "Iterable": "AsyncIterable",
    "Generator": "AsyncGenerator",
    "ContextManager": "AsyncContextManager",
    "AbstractContextManager": "AbstractAsyncContextManager",
}


def make_async(
    writer: Writer, function: Function, name: str, asynchronous: Set[int]
) -> dict[str, str]:
    """Make a function async, under `name`. The ids in `asynchronous` are those of calls that give
    async generators. Returns the names that are needed, each with one that it stands beside."""
    needed: dict[str, str] = {}
    if name != "__aiter__" or function.is_generator:
        writer.before(function.node, "async ")
    identifier = function.node.child_by_field_name("name")
    if identifier is not None and name != function.name:
        writer.rename(identifier, name)
    for node in function.identifiers.get("StopIteration", ()) if name == "__anext__" else ():
        writer.rename(node, "StopAsyncIteration")
    if function.is_generator:
        _annotation(writer, function, needed)
        for node in function.code:
            if node.type == "yield" and any(each.type == "from" for each in node.children):
                _yield_from(writer, function, node, asynchronous)
    _decorators(writer, function, needed)
    return needed


def _annotation(writer: Writer, function: Function, needed: dict[str, str]) -> None:
    type_ = function.node.child_by_field_name("return_type")
    for node in walk(type_) if type_ else ():
        old = node_text(node)
        if node.type == "identifier" and old in ANNOTATIONS:
            writer.rename(node, ANNOTATIONS[old])
            if node.parent is None or node.parent.type != "attribute":
                needed[ANNOTATIONS[old]] = old
            if old == "Generator":
                _without_result(writer, node)
            return
        if node.type == "string" and (match := re.search(r"\b(Iterator|Iterable)\b", old)):
            at = node.start_byte + len(old[: match.start()].encode())
            writer.replace(at, at + len(match[0]), ANNOTATIONS[match[0]])
            needed[ANNOTATIONS[match[0]]] = match[0]
            return


def _without_result(writer: Writer, name: Node) -> None:
    """An async generator has no result: drop the third of its types."""
    subscript = name.parent
    while subscript is not None and subscript.type == "attribute":
        subscript = subscript.parent
    if subscript is None:
        return
    of = next((each for each in subscript.children if each.type == "type_parameter"), subscript)
    types = [each for each in parts(of) if each != name]
    if len(types) == 3:
        writer.replace(types[1].end_byte, types[2].end_byte, "")


def _decorators(writer: Writer, function: Function, needed: dict[str, str]) -> None:
    outer = function.node.parent
    if outer is None or outer.type != "decorated_definition":
        return
    for decorator in outer.children:
        for node in walk(decorator) if decorator.type == "decorator" else ():
            if node.type == "identifier" and node_text(node) == "contextmanager":
                writer.rename(node, "asynccontextmanager")
                if node.parent is None or node.parent.type != "attribute":
                    needed["asynccontextmanager"] = "contextmanager"


def _yield_from(writer: Writer, function: Function, node: Node, asynchronous: Set[int]) -> None:
    """Spell a `yield from` out, which async generators don't have."""
    iterable = parts(node)[0]
    item = unused_name(function, "item")
    keyword = "async for" if iterable.id in asynchronous else "for"
    writer.replace(node.start_byte, iterable.start_byte, f"{keyword} {item} in ")
    indent = writer.indent_of(node) + unit_of(writer, function.body)
    writer.insert(node.end_byte, f":{writer.newline}{indent}yield {item}")


def unused_name(function: Function, wanted: str) -> str:
    """`wanted`, or with a number if the function has that name already."""
    taken = {*function.identifiers, *function.captured, *function.parameters}
    names = [wanted, *(f"{wanted}_{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)
