"""The names that a piece of Python mentions, and what its local names may stand for.

The code is read by one query over its tree, inner expressions before outer ones, so neither its
depth nor the size of the file around it matters. Nothing is looked up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from tree_sitter import Node, Query, QueryCursor

from qwlsp.context.paths import (
    CALL,
    LONGEST_PATH,
    Binding,
    Mention,
    Names,
    Path,
    Role,
    dotted_names,
    instances,
)
from qwlsp.syntax.body import assigned
from qwlsp.syntax.languages import PYTHON, grammar
from qwlsp.syntax.quote import node_text, parts

MOST_BYTES = 16 << 10
"""What is read of one piece of code: some 400 lines. They mention more than anybody can show."""


def names(definition: Node) -> list[Names]:
    """Read a function or class of Python: a class's own lines first, then each of its methods.

    `definition` is the node without its decorators, which are read too. Functions inside a function
    are part of it. What stands after the first MOST_BYTES is not read.
    """
    outer = _decorated(definition)
    members = _members(definition)
    starts = [member.start_byte for member in members]
    readers = [_Reader(definition), *(_Reader(_undecorated(member)) for member in members)]
    for type_, node in _captured(outer):
        member = bisect_right(starts, node.start_byte) - 1
        inside = member >= 0 and node.end_byte <= members[member].end_byte
        _VISITORS[type_](readers[member + 1 if inside else 0], node)
    return [reader.names() for reader in readers]


def _decorated(definition: Node) -> Node:
    """The node that holds a definition and its decorators, if it has any, else itself."""
    outer = definition.parent
    return outer if outer and outer.type == "decorated_definition" else definition


def _undecorated(node: Node) -> Node:
    return node.child_by_field_name("definition") or node


def _members(definition: Node) -> list[Node]:
    """The functions in a class's body, with their decorators; none in a function."""
    body = definition.child_by_field_name("body")
    if definition.type != "class_definition":
        return []
    return [each for each in parts(body) if _undecorated(each).type == "function_definition"]


def _captured(outer: Node) -> Iterable[tuple[str, Node]]:
    """The nodes to visit in `outer` with their types, inner ones before outer ones."""
    cursor = QueryCursor(_query())
    cursor.set_byte_range(outer.start_byte, outer.start_byte + MOST_BYTES)
    captures = cursor.captures(outer)
    captures["type"] = _outermost(captures.get("type", []))
    return sorted(
        ((type_, node) for type_, nodes in captures.items() for node in nodes),
        key=lambda each: (each[1].end_byte, -each[1].start_byte, _RANKS[each[0]]),
    )


def _outermost(nodes: Iterable[Node]) -> list[Node]:
    """The nodes that are in no other one."""
    found: list[Node] = []
    for node in sorted(nodes, key=lambda node: (node.start_byte, -node.end_byte)):
        if not found or node.end_byte > found[-1].end_byte:
            found.append(node)
    return found


class _Reader:
    """Collects names from nodes that come inner ones first.

    `paths` are the expressions so far that are no part of a longer one, in the order of their
    ends: a node's id (or for a type, something that is no id) with the byte where it starts.
    `transparent` are the ids of calls that give what they were given.
    """

    def __init__(self, root: Node) -> None:
        self.root = root
        self.paths: dict[int, tuple[int, Path]] = {}
        self.roles: dict[int, Role] = {}
        self.bindings: list[Binding] = []
        self.globals: set[Path] = set()
        self.transparent: set[int] = set()

    def names(self) -> Names:
        """What was found, in source order."""
        mentions = [
            Mention(path, at, self.roles.get(at, "use")) for at, path in self.paths.values()
        ]
        bindings = [each for each in self.bindings if each.target not in self.globals]
        return Names(
            tuple(sorted(mentions, key=lambda mention: mention.at)),
            tuple(sorted(bindings, key=lambda binding: binding.at)),
        )

    def bind(self, target: Node | None, values: tuple[Path, ...] = ()) -> None:
        """Note that `target` stands for `values`; a plain name is then no mention of it."""
        if target is None or target.id not in self.paths:
            return
        at, path = self.paths[target.id]
        self.bindings.append(Binding(path, values, at))
        if len(path) == 1:
            del self.paths[target.id]

    def values(self, node: Node | None) -> tuple[Path, ...]:
        """What an expression may stand for."""
        return tuple(self.paths[each.id][1] for each in self._named(node))

    def extend(self, node: Node, inner: Node | None, *step: str) -> None:
        """Make the path of `inner`, and one more step, the path of `node`."""
        start = next(self._named(inner), None)
        if start is not None:
            _, path = self.paths.pop(start.id)
            self.paths[node.id] = (node.start_byte, (path + step)[:LONGEST_PATH])

    def forget(self, node: Node) -> None:
        """Drop the paths inside `node`, which was read last."""
        while self.paths and next(reversed(self.paths.values()))[0] >= node.start_byte:
            self.paths.popitem()

    def _named(self, node: Node | None) -> Iterator[Node]:
        """The nodes in an expression that have a path and may be its value."""
        pending = [node] if node else []
        for _ in range(_MOST_ALTERNATIVES):
            if not pending:
                return
            node = pending.pop()
            if node.id in self.paths:
                yield node
            elif node.type in _TRANSPARENT or node.id in self.transparent:
                pending.extend(reversed(node.named_children))


_MOST_ALTERNATIVES = 32
# What stands for anything that one of its parts stands for.
_TRANSPARENT = (
    "assignment",
    "await",
    "boolean_operator",
    "case_pattern",
    "class_pattern",
    "conditional_expression",
    "generator_expression",
    "list",
    "list_comprehension",
    "parenthesized_expression",
    "set",
    "set_comprehension",
    "tuple",
)
_PASS_ON = (
    *("cast", "enumerate", "filter", "iter", "list", "max", "min", "next", "reversed", "set"),
    *("sorted", "tuple", "zip"),
)


def _identifier(reader: _Reader, node: Node) -> None:
    reader.paths[node.id] = (node.start_byte, (node_text(node),))


def _dotted_name(reader: _Reader, node: Node) -> None:
    path = tuple(node_text(name) for name in node.named_children[:LONGEST_PATH])
    reader.forget(node)
    reader.paths[node.id] = (node.start_byte, path)


def _attribute(reader: _Reader, node: Node) -> None:
    name = node.child_by_field_name("attribute")
    if name is not None:
        reader.paths.pop(name.id, None)
        reader.extend(node, node.child_by_field_name("object"), node_text(name))


def _call(reader: _Reader, node: Node) -> None:
    function = node.child_by_field_name("function")
    if function and function.type == "identifier" and node_text(function) in _PASS_ON:
        reader.paths.pop(function.id, None)
        reader.transparent.update((node.id, *(each.id for each in node.named_children)))
    else:
        reader.extend(node, function, CALL)


def _subscript(reader: _Reader, node: Node) -> None:
    reader.extend(node, node.child_by_field_name("value"))


def _keyword(reader: _Reader, node: Node) -> None:
    for name in node.named_children[:1]:
        reader.paths.pop(name.id, None)


def _keyword_pattern(reader: _Reader, node: Node) -> None:
    _keyword(reader, node)
    _bind_all(reader, node)


def _assignment(reader: _Reader, node: Node) -> None:
    type_ = node.child_by_field_name("type")
    right = node.child_by_field_name("right")
    values = instances(node_text(type_)) if type_ else reader.values(right)
    for target in assigned(node):
        reader.bind(target, values)


def _named_expression(reader: _Reader, node: Node) -> None:
    value = reader.values(node.child_by_field_name("value"))
    reader.bind(node.child_by_field_name("name"), value)


def _as_pattern(reader: _Reader, node: Node) -> None:
    value, *alias = parts(node)
    for outer in alias:
        target = next(iter(parts(outer)), outer) if outer.type == "as_pattern_target" else outer
        for name in parts(target) if target.type in ("tuple", "list") else [target]:
            reader.bind(name, reader.values(value))


def _parameters(reader: _Reader, node: Node) -> None:
    for parameter in parts(node):
        name = parameter
        type_ = node_text(parameter.child_by_field_name("type"))
        while name.type != "identifier":
            inner = name.child_by_field_name("name") or next(iter(parts(name)), None)
            if inner is None:
                break
            name = inner
        reader.bind(name, instances(type_))


def _definition(reader: _Reader, node: Node) -> None:
    name = node.child_by_field_name("name")
    for base in parts(node.child_by_field_name("superclasses")):
        reader.roles[base.start_byte] = "base"
    if node != reader.root:
        reader.bind(name)
    elif name is not None:
        reader.paths.pop(name.id, None)


def _bind_all(reader: _Reader, node: Node) -> None:
    for target in parts(node):
        reader.bind(target)


def _import(reader: _Reader, node: Node) -> None:
    reader.forget(node)


def _global(reader: _Reader, node: Node) -> None:
    reader.globals.update((node_text(name),) for name in parts(node))


def _type(reader: _Reader, node: Node) -> None:
    reader.forget(node)
    for start, path in dotted_names(node_text(node)):
        at = node.start_byte + start
        reader.paths[-at] = (at, path)
        reader.roles[at] = "type"


def _raise(reader: _Reader, node: Node) -> None:
    for raised in parts(node)[:1]:
        reader.roles[raised.start_byte] = "exception"


def _except(reader: _Reader, node: Node) -> None:
    for value in node.children_by_field_name("value"):
        caught = parts(value)[0] if value.type == "as_pattern" else value
        for name in parts(caught) if caught.type == "tuple" else [caught]:
            reader.roles[name.start_byte] = "exception"


# Of nodes that cover the same bytes, the one whose type stands further up is the inner one.
_VISITORS: dict[str, Callable[[_Reader, Node], None]] = {
    "identifier": _identifier,
    "dotted_name": _dotted_name,
    "attribute": _attribute,
    "call": _call,
    "subscript": _subscript,
    "keyword_argument": _keyword,
    "keyword_pattern": _keyword_pattern,
    "splat_pattern": _bind_all,
    "as_pattern": _as_pattern,
    "case_pattern": _bind_all,
    "type": _type,
    "parameters": _parameters,
    "lambda_parameters": _parameters,
    "assignment": _assignment,
    "named_expression": _named_expression,
    "for_in_clause": _assignment,
    "for_statement": _assignment,
    "import_statement": _import,
    "import_from_statement": _import,
    "global_statement": _global,
    "raise_statement": _raise,
    "except_clause": _except,
    "function_definition": _definition,
    "class_definition": _definition,
}

_RANKS = {type_: rank for rank, type_ in enumerate(_VISITORS)}


@cache
def _query() -> Query:
    query: Query = Query(grammar(PYTHON), " ".join(f"({type_}) @{type_}" for type_ in _VISITORS))
    return query
