"""What can't be made async, and why."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tree_sitter import Node

from qwlsp.conversion.program import Function, Program, expression_path
from qwlsp.conversion.table import Table
from qwlsp.conversion.values import arguments
from qwlsp.syntax.quote import parts

PROPERTIES = ("property", "cached_property", "setter", "getter", "deleter")
CACHES = ("lru_cache", "cache")
PAIRS = {
    "__enter__": "__aenter__",
    "__exit__": "__aexit__",
    "__iter__": "__aiter__",
    "__next__": "__anext__",
    "close": "aclose",
}
"""Methods with an async name of their own, which they get when their class is converted."""
AWAITED = ("__call__", "__aenter__", "__aexit__", "__anext__")
"""Special methods that may be async."""


def refusal(
    program: Program, table: Table, function: Function, *, with_class: bool = False
) -> str | None:
    """A sentence that says why a function can't be made async; None if it can. `with_class`: its
    whole class is converted."""
    name = f"`{function.name}`"
    decorators = [each.rpartition(".")[2] for each in function.decorators]
    if function.is_async:
        return f"{name} is already async."
    if function.node.has_error:
        return f"{name} has a syntax error; it can be made async once that is mended."
    if any(each in PROPERTIES for each in decorators):
        return f"{name} is a property: it is read without a call, so nothing could await it."
    if cache := next((each for each in decorators if each in CACHES), None):
        return (
            f"{name} has a `{cache}`, which would keep a coroutine that can be awaited only once."
        )
    if _is_defined_again(program, function):
        return f"{name} is defined more than once; which one is called is not known."
    if (line := _own_loop(program, function)) is not None:
        return f"{name} runs an event loop itself, in line {line}, which can't be taken apart."
    if (special := _special(function, with_class=with_class)) is not None:
        return special
    if (base := _synchronous_base(program, table, function)) is not None:
        return f"{name} overrides `{base}.{function.name}`, which stays synchronous."
    return _as_generator(function)


def _special(function: Function, *, with_class: bool) -> str | None:
    name = function.name
    if not (name.startswith("__") and name.endswith("__")) or name in AWAITED:
        return None
    if name in PAIRS:
        if with_class:
            return None
        return f"`{name}` becomes `{PAIRS[name]}` only with its whole class: name the class."
    return f"`{name}` is called by Python itself, which does not await it."


def _is_defined_again(program: Program, function: Function) -> bool:
    """Whether its name stands for something else, too."""
    qualified = function.scope.qualified_name
    others = [
        each
        for each in program.functions(function.path)
        if each.scope.qualified_name == qualified and each.around == function.around
        and not any(name.rpartition(".")[2] == "overload" for name in each.decorators)
    ]  # fmt: skip
    outline = program.snapshots[function.path].outline
    set_too = any(
        each.kind == "variable" and each.qualified_name == qualified for each in outline.definitions
    )
    return len(others) > 1 or (set_too and function.around is None)


def _own_loop(program: Program, function: Function) -> int | None:
    """The line, from 1, where it runs a coroutine in a loop of its own, other than by
    `asyncio.run(f())`, which becomes `await f()`."""
    for call in function.calls:
        path = expression_path(call.child_by_field_name("function"))
        if not path:
            continue
        positional, keywords = arguments(call)
        is_plain = len(positional) == 1 and positional[0].type == "call" and not keywords
        is_run = program.dotted(function, path) == "asyncio.run"
        if path[-1] == "run_until_complete" or (is_run and not is_plain):
            return call.start_point.row + 1
    return None


def _synchronous_base(program: Program, table: Table, function: Function) -> str | None:
    """The base class that defines this method and is not converted along."""
    owner = program.owner(function)
    if owner is None or function.name.startswith("__"):
        return None
    for base in program.lookup(function.path).line(owner)[1:]:
        definition = base.definition
        inherited = definition and program.lookup(base.path).definition(
            base.path, f"{definition.qualified_name}.{function.name}"
        )
        if definition and inherited and not inherited.signature.startswith("async"):
            return definition.name
    for node in _bases(function):
        path = expression_path(node)
        dotted = program.dotted(function.path, path) if path else ""
        methods = table.called_synchronously.get(dotted, ())
        if any(fnmatchcase(function.name, pattern) for pattern in methods):
            return dotted
    return None


def _bases(function: Function) -> list[Node]:
    node = function.node.parent
    while node is not None and node.type != "class_definition":
        node = node.parent
    return parts(node.child_by_field_name("superclasses")) if node else []


def _as_generator(function: Function) -> str | None:
    if not function.is_generator:
        return None
    for node in function.code:
        if node.type == "return_statement" and parts(node):
            return (
                f"`{function.name}` is a generator that returns a value, which an async one can't."
            )
        is_from = node.type == "yield" and any(each.type == "from" for each in node.children)
        if is_from and node.parent is not None and node.parent.type != "expression_statement":
            return (
                f"`{function.name}` uses the result of a `yield from`, which an async generator"
                " does not have."
            )
    return None
