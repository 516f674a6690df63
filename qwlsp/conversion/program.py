"""The functions of a project: the code in each of them, and what its names and calls mean."""

from __future__ import annotations

import builtins
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import Protocol

from tree_sitter import Node

from qwlsp.context.files import Index, IndexedFiles
from qwlsp.context.lookup import Environment, Lookup, Thing
from qwlsp.context.names import names
from qwlsp.context.paths import CALL, Path
from qwlsp.context.resolve import Files
from qwlsp.documents import Snapshot
from qwlsp.syntax.languages import PYTHON
from qwlsp.syntax.outline import Definition, Import
from qwlsp.syntax.quote import node_text, parts
from qwlsp.syntax.scopes import Scope, enclosing, inside, scopes, walk, walk_scope
from qwlsp.text import Span, Text

MOST_STEPS = 12
"""Of one expression; a longer chain of calls means nothing that is known."""


class Project(Files, Protocol):
    """The files, and whether any of them imports a package."""

    def uses(self, package: str) -> bool:
        """Whether some file imports it."""

    def importers(self, module: str) -> list[str]:
        """The files that import something of a module, by the last part of its name."""

    def relative(self, path: str) -> str:
        """A file's path as people read it."""


@dataclass(frozen=True)
class Function:
    """A function of Python in file `path`; `around` is the function that it is inside of.

    Equal if they are the same function in the same text.
    """

    path: str
    start: int
    scope: Scope = field(compare=False, repr=False)
    around: Function | None = field(compare=False, repr=False, default=None)

    @property
    def node(self) -> Node:
        """The `function_definition`."""
        return self.scope.syntax

    @property
    def name(self) -> str:
        """Without those around it."""
        return self.scope.name

    @property
    def body(self) -> Node:
        """The block."""
        return self.node.child_by_field_name("body") or self.node

    @property
    def is_async(self) -> bool:
        """Whether it is one already."""
        return self.node.children[0].type == "async"

    @cached_property
    def code(self) -> list[Node]:
        """All nodes of its body in source order, without those inside functions, classes and
        lambdas in it; but with the default values of their parameters."""
        found = list(walk_scope(self.body))
        for node in [each for each in found if each.type == "function_definition"]:
            for parameter in parts(node.child_by_field_name("parameters")):
                if default := parameter.child_by_field_name("value"):
                    found += walk_scope(default)
        return sorted(found, key=lambda node: (node.start_byte, -node.end_byte))

    @cached_property
    def calls(self) -> list[Node]:
        """Its own calls."""
        return [node for node in self.code if node.type == "call"]

    @cached_property
    def is_generator(self) -> bool:
        """Whether it yields."""
        return any(node.type == "yield" for node in self.code)

    @cached_property
    def identifiers(self) -> dict[str, list[Node]]:
        """Where each name stands in its own code."""
        found: defaultdict[str, list[Node]] = defaultdict(list)
        for node in self.code:
            if node.type == "identifier":
                found[node_text(node)].append(node)
        return found

    @cached_property
    def captured(self) -> frozenset[str]:
        """The names that stand in functions, classes and lambdas inside of it."""
        closed = [node for node in self.code if node.type in _CLOSED]
        return frozenset(
            node_text(each) for node in closed for each in walk(node) if each.type == "identifier"
        )

    @cached_property
    def decorators(self) -> list[str]:
        """What stands behind each "@", without arguments."""
        outer = self.node.parent
        if outer is None or outer.type != "decorated_definition":
            return []
        found = [parts(each)[0] for each in outer.children if each.type == "decorator"]
        called = (each.child_by_field_name("function") or each for each in found)
        return [node_text(each) for each in called]

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters, each with its annotation or ""."""
        return dict(_parameters(self.node))

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names that are its own: parameters, and what it binds other than by imports."""
        own = set(self.parameters)
        shared: set[str] = set()
        for node in self.code:
            if node.type in ("global_statement", "nonlocal_statement"):
                shared.update(node_text(name) for name in parts(node))
            for target in _targets(node):
                own.update(node_text(name) for name in _names_in(target))
        return frozenset(own - shared)


_CLOSED = ("function_definition", "class_definition", "lambda")


@dataclass(frozen=True)
class Callee:
    """What a call calls: a function of the project, or of its classes the constructor, which
    makes a value of the class at byte `made[1]` of file `made[0]`; or, outside of the project,
    something with a dotted name."""

    function: Function | None = None
    dotted: str = ""
    made: tuple[str, int] | None = None


class Program:
    """The files of a project at one moment; each is parsed once."""

    def __init__(self, files: Project, snapshots: dict[str, Snapshot]) -> None:
        """`snapshots` are texts that count instead of those in `files`."""
        self.files = files
        self.snapshots = snapshots
        self._functions: dict[str, dict[int, Function]] = {}
        self._lookups: dict[Function | str, Lookup] = {}
        self._locals: dict[Function, Environment] = {}
        self._importers: dict[str, list[str]] = {}

    def snapshot(self, path: str) -> Snapshot | None:
        """A file of Python; None if it can't be read."""
        if path not in self.snapshots:
            text = self.files.text(path)
            if text is None:
                return None
            self.snapshots[path] = Snapshot(path, None, PYTHON.id, text)
        return self.snapshots[path]

    def text(self, path: str) -> Text:
        """What a file that was read before holds."""
        return self.snapshots[path].text

    def importers(self, path: str) -> list[str]:
        """The files that import a file, or something that is called like it."""
        if path not in self._importers:
            name = PurePath(path)
            module = name.parent.name if name.stem == "__init__" else name.stem
            self._importers[path] = self.files.importers(module)
        return self._importers[path]

    # Functions

    def functions(self, path: str) -> list[Function]:
        """All functions of a file, an outer one before its inner ones."""
        if path not in self._functions:
            self._functions[path] = self._all(path)
        return list(self._functions[path].values())

    def _all(self, path: str) -> dict[int, Function]:
        snapshot = self.snapshot(path)
        found: dict[int, Function] = {}
        stack: list[Function] = []
        classes: list[Span] = []
        for scope in scopes(snapshot.tree) if snapshot else []:
            if scope.kind == "class":
                classes.append(scope.span)
                continue
            while stack and stack[-1].scope.span.end <= scope.span.start:
                stack.pop()
            around = stack[-1] if stack else None
            # A method of a class inside a function is no function of that function.
            if around and any(_between(span, scope.span, around.scope.span) for span in classes):
                around = None
            function = Function(path, scope.span.start, scope, around)
            found[function.start] = function
            stack.append(function)
        return found

    def function_at(self, path: str, span: Span) -> Function | None:
        """The innermost function around `span`."""
        snapshot = self.snapshot(path)
        if snapshot is None:
            return None
        self.functions(path)
        scope = enclosing(snapshot.tree, span)
        return self._functions[path].get(scope.span.start) if scope.kind == "function" else None

    def of(self, path: str, definition: Definition) -> Function | None:
        """The function that a definition of an outline is."""
        self.functions(path)
        return self._functions[path].get(definition.span.start)

    def nested(self, function: Function) -> list[Function]:
        """The functions directly in one."""
        return [each for each in self.functions(function.path) if each.around == function]

    def methods(self, path: str, owner: Scope) -> list[Function]:
        """The functions directly in the body of a class."""
        starts = {each.span.start for each in inside(owner) if each.kind == "function"}
        return [each for each in self.functions(path) if each.start in starts]

    def owner(self, function: Function) -> Thing | None:
        """The class that a method is defined in."""
        around = function.scope.qualified_name.rpartition(".")[0]
        if not around or function.around is not None:
            return None
        definition = self.lookup(function.path).definition(function.path, around)
        is_class = definition is not None and definition.kind == "class"
        return Thing(function.path, definition) if is_class else None

    # Names

    def lookup(self, where: Function | str) -> Lookup:
        """What names mean in a function, or at the top level of a file."""
        if where not in self._lookups:
            path = where if isinstance(where, str) else where.path
            span = Span(0, 0) if isinstance(where, str) else where.scope.span
            snapshot = self.snapshot(path)
            assert snapshot is not None
            self._lookups[where] = Lookup(IndexedFiles(self.files, path, snapshot, span))
        return self._lookups[where]

    def callee(self, where: Function | str, call: Node) -> Callee | None:
        """What a call in a function, or at the top level of a file, calls; None if that is not
        known."""
        path = expression_path(call.child_by_field_name("function"))
        return self.meaning(where, path) if path else None

    def meaning(self, where: Function | str, path: Path) -> Callee | None:
        """What an expression of names means."""
        nested = self._nested(where, path)
        if nested is not None:
            return Callee(nested)
        if dotted := self.dotted(where, path):
            return Callee(dotted=dotted)
        local = self._local(where) if isinstance(where, Function) else {}
        file = where if isinstance(where, str) else where.path
        things = self.lookup(where).follow(file, path, local)[-1]
        for thing in things:
            if (found := self._callee(thing)) is not None:
                return found
        return None

    def _nested(self, where: Function | str, path: Path) -> Function | None:
        around = where if isinstance(where, Function) else None
        while around is not None and len(path) == 1:
            if path[0] in around.bound:
                return next((f for f in self.nested(around) if f.name == path[0]), None)
            around = around.around
        return None

    def _callee(self, thing: Thing) -> Callee | None:
        definition = thing.definition
        if definition is None or thing.is_value or thing.field or definition.kind == "variable":
            return None
        if definition.kind == "class":
            constructor = self.lookup(thing.path).member(thing, "__init__")
            made = constructor and constructor.definition
            function = self.of(constructor.path, made) if constructor and made else None
            return Callee(function, made=(thing.path, definition.span.start))
        function = self.of(thing.path, definition)
        return Callee(function) if function else None

    def dotted(self, where: Function | str, path: Path) -> str:
        """The name of something outside of the project, or "": of `t.sleep` with `import time as
        t`, "time.sleep"; of a built-in function, its own."""
        if CALL in path:
            return ""
        first, *rest = path
        around = where if isinstance(where, Function) else None
        while around is not None:
            if first in around.bound:
                return ""
            around = around.around
        index = self._index(where)
        if imported := index.imports.get(first):
            found = {self._imported(where, each, rest) for each in imported}
            return found.pop() if len(found) == 1 else ""
        if first in index.definitions or not hasattr(builtins, first):
            return ""
        return ".".join(path)

    def _imported(self, where: Function | str, each: Import, rest: list[str]) -> str:
        """The dotted name of an imported one and what follows it; "" for one of the project."""
        file = where if isinstance(where, str) else where.path
        if each.module.startswith(".") or self.files.module(file, each.module):
            return ""
        if each.member is not None:
            return ".".join([each.module, each.member, *rest])
        below = each.module.startswith(each.name + ".")
        return ".".join([each.name if below else each.module, *rest])

    def _index(self, where: Function | str) -> Index:
        file = where if isinstance(where, str) else where.path
        return self.lookup(where).files.index(file)

    def _local(self, function: Function) -> Environment:
        if function not in self._locals:
            lookup = self.lookup(function)
            known: dict[Path, tuple[Thing, ...]] = {}
            outermost = function
            while outermost.around is not None:
                outermost = outermost.around
            if owner := self.owner(outermost):
                bases = tuple(each.value for each in lookup.bases(owner))
                known = {
                    ("self",): (owner.value,),
                    ("cls",): (owner,),
                    ("super", CALL): bases,
                }
            bindings = names(function.node)[0].bindings
            self._locals[function] = lookup.environment(function.path, bindings, known)
        return self._locals[function]


def expression_path(node: Node | None) -> Path | None:
    """The path of an expression of names, attributes and calls; None for any other."""
    steps: list[str] = []
    while node is not None and len(steps) < MOST_STEPS:
        if node.type == "identifier":
            return (node_text(node), *reversed(steps))
        if node.type == "attribute":
            steps.append(node_text(node.child_by_field_name("attribute")))
            node = node.child_by_field_name("object")
        elif node.type == "call":
            steps.append(CALL)
            node = node.child_by_field_name("function")
        elif node.type in ("parenthesized_expression", "await", "list_splat"):
            # The grammar reads `a, *f(x)` as a call of `*f`.
            node = next(iter(parts(node)), None)
        else:
            return None
    return None


def _parameters(definition: Node) -> Iterator[tuple[str, str]]:
    for parameter in parts(definition.child_by_field_name("parameters")):
        type_ = node_text(parameter.child_by_field_name("type"))
        node: Node | None = parameter
        while node is not None and node.type != "identifier":
            node = node.child_by_field_name("name") or next(iter(parts(node)), None)
        if node is not None:
            yield node_text(node), type_


def _targets(node: Node) -> list[Node]:
    """What a node binds."""
    if node.type in ("assignment", "augmented_assignment", "for_statement", "for_in_clause"):
        found = node.child_by_field_name("left")
    elif node.type in ("named_expression", "function_definition", "class_definition"):
        found = node.child_by_field_name("name")
    elif node.type == "as_pattern_target":
        found = node
    elif node.type == "case_pattern":
        found = node if len(node_text(node).split(".")) == 1 else None
    else:
        found = None
    return [found] if found else []


def _names_in(target: Node) -> Iterator[Node]:
    """The names that a target binds."""
    pending = [target]
    while pending:
        node = pending.pop()
        if node.type == "identifier":
            yield node
        elif node.type not in ("attribute", "subscript", "call"):
            pending.extend(node.named_children)


def _between(middle: Span, inner: Span, outer: Span) -> bool:
    """Whether `inner` is in `middle`, and that in `outer`."""
    return outer.start <= middle.start <= inner.start and inner.end <= middle.end <= outer.end
