"""Who calls a function, and who passes it on, in the whole project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tree_sitter import Node

from qwlsp.context.callers import called_name
from qwlsp.context.paths import COMMON_METHODS
from qwlsp.conversion.program import Function, Program, expression_path
from qwlsp.syntax.scopes import Scope, enclosing
from qwlsp.text import Span

MOST_SITES = 200
"""Calls of one name that the index is asked for."""


@dataclass(frozen=True)
class Caller:
    """A call of a function, or a place that only names it, in `function` (None: at the top level
    of the file, or of a class in it).

    It is `in_lambda` where nothing can be awaited. One that is not `certain` calls a method of
    that name of a value of which nothing is known.
    """

    path: str
    function: Function | None
    node: Node
    is_call: bool = True
    in_lambda: bool = False
    certain: bool = True

    @property
    def line(self) -> int:
        """From 1."""
        return self.node.start_point.row + 1

    @property
    def is_async(self) -> bool:
        """Whether it can await."""
        return self.function is not None and self.function.is_async and not self.in_lambda


def callers(program: Program, function: Function) -> list[Caller]:
    """All callers of a function, those in its own file first; of a constructor, those that make
    values of its class."""
    name = called_name(function.scope)
    is_method = program.owner(function) is not None and function.name not in COMMON_METHODS
    wanted = Wanted(function=function, is_method=is_method)
    if function.around is not None:
        return list(_in_file(program, function.path, name, wanted))
    return _in_project(program, function.path, name, wanted)


def overriding(program: Program, function: Function) -> list[Function]:
    """The methods of subclasses that override a method, in its file and those that import it."""
    owner = program.owner(function)
    if owner is None:
        return []
    return [
        each
        for path in dict.fromkeys([function.path, *program.importers(function.path)])
        for each in program.functions(path)
        if each.name == function.name
        and (other := program.owner(each)) is not None
        and owner in program.lookup(path).line(other)[1:]
    ]


def makers(program: Program, path: str, owner: Scope) -> list[Caller]:
    """Where values of a class are made."""
    wanted = Wanted(made=(path, owner.span.start))
    found = _in_project(program, path, owner.name, wanted)
    return [each for each in found if each.is_call]


@dataclass(frozen=True)
class Wanted:
    """What is looked for: a function, which may be a method that unknown values have, too, or a
    class."""

    function: Function | None = None
    made: tuple[str, int] | None = None
    is_method: bool = False


def _in_project(program: Program, path: str, name: str, wanted: Wanted) -> list[Caller]:
    sites = program.files.callers(name, limit=MOST_SITES)
    paths = [path, *program.importers(path), *(site.path for site in sites)]
    found = (_in_file(program, each, name, wanted) for each in dict.fromkeys(paths))
    return [caller for in_file in found for caller in in_file]


def _in_file(program: Program, path: str, name: str, wanted: Wanted) -> Iterator[Caller]:
    snapshot = program.snapshot(path)
    if snapshot is None:
        return
    imported = snapshot.outline.imports if name.encode() in snapshot.text.data else ()
    names = {name, *(each.name for each in imported if each.member == name)}
    words = b"|".join(re.escape(each.encode()) for each in sorted(names))
    word = re.compile(rb"(?<!\w)(?:%s)(?!\w)" % words)
    for match in word.finditer(snapshot.text.data):
        node = snapshot.tree.root_node.descendant_for_byte_range(match.end() - 1, match.end())
        if node is None or node.type != "identifier" or not _is_named(node):
            continue
        expression = _expression(node)
        call = _call_of(expression)
        found = _caller(program, path, call or expression, is_call=call is not None)
        certain = _means(program, found, expression, wanted)
        if certain or (call is not None and certain is not None):
            yield replace(found, certain=certain)


def _expression(node: Node) -> Node:
    """The attribute that an identifier is the name of, or itself."""
    parent = node.parent
    is_name = parent is not None and parent.child_by_field_name("attribute") == node
    return parent if parent is not None and is_name else node


def _call_of(expression: Node) -> Node | None:
    """The call of what an expression means."""
    parent = expression.parent
    if parent is not None and parent.type == "list_splat":  # as `*f` in `a, *f(x)` is read
        expression, parent = parent, parent.parent
    is_called = parent is not None and parent.type == "call"
    if parent is None or not is_called or parent.child_by_field_name("function") != expression:
        return None
    return parent


def _is_named(node: Node) -> bool:
    """Whether an identifier names a thing, without defining, importing or setting it."""
    parent = node.parent
    if parent is None or parent.type in _NO_USE:
        return False
    if parent.type == "keyword_argument":
        return parent.child_by_field_name("name") != node
    return parent.type != "assignment" or parent.child_by_field_name("left") != node


_NO_USE = ("dotted_name", "aliased_import", "function_definition", "class_definition", "parameters")


def _caller(program: Program, path: str, node: Node, *, is_call: bool) -> Caller:
    in_lambda = False
    inner, outer = node, node.parent
    while outer is not None:
        if outer.type == "lambda":
            in_lambda = True
        if outer.type == "function_definition" and outer.child_by_field_name("body") == inner:
            span = Span(outer.start_byte, outer.start_byte)
            return Caller(path, program.function_at(path, span), node, is_call, in_lambda)
        inner, outer = outer, outer.parent
    return Caller(path, None, node, is_call, in_lambda)


def _is_own(program: Program, caller: Caller, name: str, wanted: Wanted) -> bool:
    """Whether a name in the body of a class is that of the wanted method of it."""
    function, snapshot = wanted.function, program.snapshot(caller.path)
    if function is None or snapshot is None or function.path != caller.path:
        return False
    around = enclosing(snapshot.tree, Span(caller.node.start_byte, caller.node.end_byte))
    qualified = f"{around.qualified_name}.{name}"
    return around.kind == "class" and function.scope.qualified_name == qualified


def _means(program: Program, caller: Caller, expression: Node, wanted: Wanted) -> bool | None:
    """Whether an expression certainly means what is wanted; None if it does not."""
    where = caller.function or caller.path
    path = expression_path(expression)
    if caller.function is None and path and _is_own(program, caller, path[0], wanted):
        return True
    found = program.meaning(where, path) if path else None
    if found is not None:
        is_made = wanted.made is not None and found.made == wanted.made
        is_called = wanted.function is not None and found.function == wanted.function
        return True if is_made or is_called else None
    unknown = wanted.is_method and expression.type == "attribute"
    if unknown and path is not None:
        # `requests.get` is no method of ours, whatever its name.
        unknown = not program.dotted(where, path[:1])
    return False if unknown else None
