"""Where an `await` may stand."""

from __future__ import annotations

from tree_sitter import Node

from qwlsp.syntax.quote import node_text, parts

CONSUMERS = frozenset(
    ("dict", "frozenset", "join", "list", "max", "min", "set", "sorted", "sum",
     "tuple")
)  # fmt: skip
"""What takes an iterable and has read all of it when it returns."""
EARLY = ("all", "any")
"""What takes one and stops as soon as it knows enough."""


def can_await(call: Node) -> bool:
    """Whether an `await` may stand before a call: not in a generator expression, unless that is
    read at once and can be a list."""
    inner, outer = call, call.parent
    while outer is not None and outer.type not in ("function_definition", "lambda", "module"):
        is_late = outer.type == "generator_expression" and not _is_first(outer, inner, call)
        if is_late and consumer(outer) is None:
            return False
        if outer.type == "class_definition":
            return False
        inner, outer = outer, outer.parent
    return outer is None or outer.type != "lambda"


def can_be_async(clause: Node) -> bool:
    """Whether a `for` statement may be an `async for`, or a comprehension's clause: that of a
    generator expression only if it can be a list."""
    around = clause.parent
    is_generator = around is not None and around.type == "generator_expression"
    return not (is_generator and around is not None and consumer(around) is None)


def early_consumer(call: Node) -> Node | None:
    """The `any` or `all` around a call, which stops reading as soon as it knows enough, so that
    what it reads can't be a list."""
    outer = call.parent
    while outer is not None and outer.type not in ("function_definition", "lambda"):
        function = outer.child_by_field_name("function") if outer.type == "call" else None
        arguments = outer.child_by_field_name("arguments") if function is not None else None
        is_read = arguments is not None and arguments.type == "generator_expression"
        if is_read and node_text(function) in EARLY and can_await(outer):
            return outer
        outer = outer.parent
    return None


def generators_around(call: Node) -> list[Node]:
    """The generator expressions that have to become lists so that an `await` may stand in them."""
    found = []
    inner, outer = call, call.parent
    while outer is not None and outer.type not in ("function_definition", "lambda"):
        if outer.type == "generator_expression" and not _is_first(outer, inner, call):
            found.append(outer)
        inner, outer = outer, outer.parent
    return found


def consumer(iterable: Node) -> Node | None:
    """The call that reads all of an iterable, its only argument; None if there is none."""
    parent = iterable.parent
    if parent is not None and parent.type == "argument_list":
        if len(parts(parent)) != 1 and not _is_only_positional(parent, iterable):
            return None
        parent = parent.parent
    if parent is None or parent.type != "call":
        return None
    function = parent.child_by_field_name("function")
    name = function.child_by_field_name("attribute") or function if function else None
    return parent if node_text(name) in CONSUMERS else None


def _is_only_positional(arguments: Node, iterable: Node) -> bool:
    others = [each for each in parts(arguments) if each != iterable]
    return all(each.type == "keyword_argument" for each in others)


def _is_first(generator: Node, inner: Node, call: Node) -> bool:
    """Whether a call stands where a generator expression is evaluated at once."""
    first = next((each for each in generator.children if each.type == "for_in_clause"), None)
    right = first.child_by_field_name("right") if first else None
    return (
        inner == first
        and right is not None
        and right.start_byte <= call.start_byte
        and call.end_byte <= right.end_byte
    )
