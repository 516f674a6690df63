"""What a function uses that was made elsewhere: parameters, attributes of `self`, names of the
module. What it can do is told from annotations and from the calls that make it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from tree_sitter import Node

from qwlsp.context.paths import dotted_names
from qwlsp.conversion import values
from qwlsp.conversion.program import Function, Program, expression_path
from qwlsp.conversion.table import KEEP, THREAD, Kind, Spelling, Table
from qwlsp.conversion.values import Spelled, Use
from qwlsp.syntax.quote import node_text

MADE = ""
"""The name of the use that is a call itself."""


@dataclass(frozen=True)
class Origin:
    """Where `name` (`limit`, `self.lock`) comes from: what is called, or named in an annotation,
    and the call if there is one. `function` sets it, None for the module."""

    name: str
    dotted: str
    call: Node | None = None
    function: Function | None = None


def known(
    program: Program, function: Function, table: Table, packages: Set[str]
) -> list[tuple[list[Use], Kind]]:
    """What a function does with values that it did not make, by what they can do."""
    found: list[tuple[list[Use], Kind]] = []
    for name, annotation in function.parameters.items():
        kind = _kept(Origin(name, _annotated(program, function, annotation)), table, packages)
        nodes = function.identifiers.get(name)
        if kind and nodes:
            found.append((values.of_variable(function, nodes[0]), kind))
    for origin in origins(program, function):
        is_own = "." not in origin.name and origin.name in function.bound
        if not is_own and (kind := _kept(origin, table, packages)):
            found.append((values.of_path(function, origin.name), kind))
    return found


def origins(program: Program, function: Function) -> list[Origin]:
    """The attributes that the methods of its class set, and the names that its file sets."""
    found = list(_module_names(program, function.path))
    around = function.scope.qualified_name.rpartition(".")[0]
    if program.owner(function) is None:
        return found
    for method in program.functions(function.path):
        if method.scope.qualified_name.rpartition(".")[0] == around:
            found += _set_in(program, method, method.code, "attribute")
    return found


def _module_names(program: Program, path: str) -> Iterator[Origin]:
    snapshot = program.snapshot(path)
    statements = snapshot.tree.root_node.children if snapshot else []
    nodes = [inner for each in statements for inner in each.children]
    yield from _set_in(program, path, nodes, "identifier")


def _set_in(
    program: Program, where: Function | str, nodes: Sequence[Node], type_: str
) -> Iterator[Origin]:
    function = where if isinstance(where, Function) else None
    for node in nodes:
        left = node.child_by_field_name("left") if node.type == "assignment" else None
        if left is None or left.type != type_:
            continue
        right, annotation = node.child_by_field_name("right"), node.child_by_field_name("type")
        call = _first_call(right)
        path = expression_path(call.child_by_field_name("function")) if call else None
        if path:
            dotted = program.dotted(where, path)
        elif annotation is not None:
            dotted = _annotated(program, where, node_text(annotation))
        elif function is not None and right is not None:
            dotted = _annotated(program, function, function.parameters.get(node_text(right), ""))
        else:
            dotted = ""
        if dotted:
            is_plain = right is not None and call == right
            yield Origin(node_text(left), dotted, call if is_plain else None, function)


def _first_call(value: Node | None) -> Node | None:
    """The call that makes a value, or the folder of a path like `Path(x) / "y"`."""
    while value is not None and value.type == "binary_operator" and value.children[1].type == "/":
        value = value.child_by_field_name("left")
    return value if value is not None and value.type == "call" else None


def _annotated(program: Program, where: Function | str, annotation: str) -> str:
    """The dotted name of the one type that an annotation names."""
    paths = [path for _, path in dotted_names(annotation) if path != ("None",)]
    return program.dotted(where, paths[0]) if len(paths) == 1 else ""


def _kept(origin: Origin, table: Table, packages: Set[str]) -> Kind | None:
    """What can be done with a value that stays what it is."""
    if origin.dotted not in table.families:
        return None
    for way in table.ways_of(origin.dotted, packages):
        spelling = way.calls.get(origin.dotted)
        if spelling is None or not spelling.gives or spelling.to not in (KEEP, THREAD):
            continue
        is_made_so = not spelling.extra or spelling.extra in node_text(origin.call)
        if spelling.to == KEEP or (origin.call is not None and is_made_so):
            return table.kinds[spelling.gives]
    return None


@dataclass(frozen=True)
class Shared:
    """An object that several functions share and that is replaced for all of them at once: a lock
    of a class or of a module. `uses` are what each function does with it."""

    path: str
    made: Spelled
    uses: dict[Function, list[Spelled]]


def shared(program: Program, members: Sequence[Function], table: Table) -> list[Shared]:
    """The objects that only `members` use, and that have a counterpart for async code."""
    found: dict[tuple[str, int], Shared] = {}
    for member in members:
        for origin in origins(program, member):
            if origin.call is None or (member.path, origin.call.id) in found:
                continue
            spelling = _shared_spelling(origin, table)
            uses = _shared_uses(program, member, origin, spelling, members, table)
            if spelling is not None and uses:
                made = Spelled(Use(MADE, origin.call, origin.call), spelling)
                found[member.path, origin.call.id] = Shared(member.path, made, uses)
    return list(found.values())


def _shared_spelling(origin: Origin, table: Table) -> Spelling | None:
    for way in table.ways_of(origin.dotted, ()) if origin.dotted in table.families else ():
        spelling = way.calls.get(origin.dotted)
        if spelling is not None and spelling.shared:
            return spelling
    return None


def _shared_uses(
    program: Program,
    member: Function,
    origin: Origin,
    spelling: Spelling | None,
    members: Sequence[Function],
    table: Table,
) -> dict[Function, list[Spelled]] | None:
    """What each function does with a shared object; None if one does what it can't do then, or
    is no member."""
    if spelling is None:
        return None
    last = origin.name.rpartition(".")[2]
    if _is_used_elsewhere(program, member.path, last, is_attribute="." in origin.name):
        return None
    found: dict[Function, list[Spelled]] = {}
    for function in program.functions(member.path):
        if last in function.captured:
            return None
        if last not in function.identifiers or (last == origin.name and last in function.bound):
            continue
        uses = [
            use
            for use in values.of_path(function, origin.name)
            if not _is_target(origin, use.value)
        ]
        mentioned = [node for node in function.identifiers[last] if not _is_target(origin, node)]
        if not mentioned:
            continue
        spelled = values.follow(function, [(uses, table.kinds[spelling.gives])], table)
        if spelled is None or function not in members or len(uses) != len(mentioned):
            return None
        found[function] = spelled
    return found


def _is_used_elsewhere(program: Program, path: str, name: str, *, is_attribute: bool) -> bool:
    """Whether a name occurs in files that import this one, or outside of functions."""
    word = re.compile(rb"\.%s\b" % name.encode() if is_attribute else rb"\b%s\b" % name.encode())
    for other in program.importers(path):
        if other != path and (text := program.files.text(other)) and word.search(text.data):
            return True
    snapshot = program.snapshots[path]
    spans = [each.scope.span for each in program.functions(path)]
    found = [
        match.start()
        for match in word.finditer(snapshot.text.data)
        if not any(span.start <= match.start() < span.end for span in spans)
    ]
    # The assignment that makes it is one of them, but for an attribute's.
    return len(found) > (0 if is_attribute else 1)


def _is_target(origin: Origin, node: Node) -> bool:
    """Whether a node is the target of the assignment that makes the object."""
    assignment = origin.call.parent if origin.call is not None else None
    left = assignment.child_by_field_name("left") if assignment is not None else None
    return left is not None and left.start_byte <= node.start_byte < left.end_byte
