"""What a function's body does: one walk over it, with a visitor for each type of node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tree_sitter import Node

from qwlsp.syntax.quote import Code, node_text, parts
from qwlsp.syntax.scopes import walk_scope


@dataclass(frozen=True)
class Loop:
    """A loop: `over` is what a `for` or a comprehension runs over, or a `while`'s condition."""

    kind: Literal["for", "async for", "while", "comprehension"]
    over: str


@dataclass(frozen=True)
class Branch:
    """A choice: `on` is the condition, or the subject of a `match`."""

    kind: Literal["if", "elif", "conditional expression", "match"]
    on: str


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a body does, each text once and in source order; loops and branches all of them.

    A bare `return` or `yield` counts as "None", and `yield from x` as "from x". `raises`,
    `catches` and `calls` are names as written ("re.compile"); `reraises` says that a caught
    exception is raised again, `cleans_up` that there is a `finally`. `contexts` are the items of
    `with` statements, `attributes` those assigned on a method's first parameter ("self.x"), and
    `nested` names the functions and classes defined in the body.
    """

    returns: tuple[str, ...] = ()
    yields: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()
    reraises: bool = False
    catches: tuple[str, ...] = ()
    cleans_up: bool = False
    calls: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()
    loops: tuple[Loop, ...] = ()
    branches: tuple[Branch, ...] = ()
    contexts: tuple[str, ...] = ()
    globals: tuple[str, ...] = ()
    nonlocals: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()


def read_body(code: Code, body: Node | None, receiver: str | None) -> Body:
    """Return what `body`, a part of `code`, does; `receiver` is a method's first parameter."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for node in walk_scope(body) if body else ():
        # Keywords are nodes too: `await` is the type of an expression and of its first word.
        visit = _VISITORS.get(node.type) if node.is_named else None
        for fact, value in visit(code, node) if visit else ():
            found[fact].append(value)
    aliases = set(found.pop("aliases", ()))
    raises = found.pop("raises", [])
    targets = found.pop("targets", [])
    found["raises"] = [name for name in raises if name not in aliases]
    found["attributes"] = [name for name in targets if name.partition(".")[0] == receiver]
    return Body(
        reraises=bool(found.pop("reraises", ())) or not aliases.isdisjoint(raises),
        cleans_up=bool(found.pop("cleans_up", ())),
        loops=tuple(found.pop("loops", ())),
        branches=tuple(found.pop("branches", ())),
        **{fact: tuple(dict.fromkeys(values)) for fact, values in found.items()},
    )


def assigned(statement: Node) -> Iterator[Node]:
    """Yield the names and attributes that an assignment or augmented assignment sets."""
    left = statement.child_by_field_name("left")
    pending = [left] if left else []
    while pending:
        target = pending.pop()
        if target.type in ("identifier", "attribute"):
            yield target
        elif target.type in _PATTERNS:
            pending.extend(reversed(parts(target)))


_PATTERNS = ("pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern")

# A visitor yields names of facts (the fields of Body, "aliases" of caught exceptions and "targets"
# of assignments) with a value each.
_Found = Iterator[tuple[str, Any]]
_Visitor = Callable[[Code, Node], _Found]


def _after_keyword(fact: str) -> _Visitor:
    def visit(code: Code, node: Node) -> _Found:
        yield fact, code.between(node.children[0].end_byte, node.end_byte) or "None"

    return visit


def _names(fact: str) -> _Visitor:
    def visit(code: Code, node: Node) -> _Found:
        return ((fact, node_text(name)) for name in parts(node))

    return visit


def _definition(code: Code, node: Node) -> _Found:
    yield "nested", node_text(node.child_by_field_name("name"))


def _raise(code: Code, node: Node) -> _Found:
    value = next(iter(parts(node)), None)
    if value is None:
        yield "reraises", True
    else:
        called = value.child_by_field_name("function") if value.type == "call" else None
        yield "raises", _dotted(code, called or value)


def _except(code: Code, node: Node) -> _Found:
    values = node.children_by_field_name("value")
    if not values:
        yield "catches", "BaseException"
    for value in values:
        caught, *alias = parts(value) if value.type == "as_pattern" else [value]
        yield from (("aliases", code.quote(name)) for name in alias)
        for name in parts(caught) if caught.type == "tuple" else [caught]:
            yield "catches", code.quote(name)


def _finally(code: Code, node: Node) -> _Found:
    yield "cleans_up", True


def _call(code: Code, node: Node) -> _Found:
    if function := node.child_by_field_name("function"):
        yield "calls", _dotted(code, function)


def _for(code: Code, node: Node) -> _Found:
    if over := node.child_by_field_name("right"):
        is_async = node.children[0].type == "async"
        yield "loops", Loop("async for" if is_async else "for", code.quote(over))


def _comprehension(code: Code, node: Node) -> _Found:
    if over := node.child_by_field_name("right"):
        yield "loops", Loop("comprehension", code.quote(over))


def _while(code: Code, node: Node) -> _Found:
    if condition := node.child_by_field_name("condition"):
        yield "loops", Loop("while", code.quote(condition))


def _if(code: Code, node: Node) -> _Found:
    if condition := node.child_by_field_name("condition"):
        kind: Literal["if", "elif"] = "elif" if node.type == "elif_clause" else "if"
        yield "branches", Branch(kind, code.quote(condition))


def _conditional(code: Code, node: Node) -> _Found:
    if len(operands := parts(node)) == 3:
        yield "branches", Branch("conditional expression", code.quote(operands[1]))


def _match(code: Code, node: Node) -> _Found:
    if subjects := node.children_by_field_name("subject"):
        subject = code.between(subjects[0].start_byte, subjects[-1].end_byte)
        yield "branches", Branch("match", subject)


def _with_item(code: Code, node: Node) -> _Found:
    yield "contexts", code.quote(node)


def _assignment(code: Code, node: Node) -> _Found:
    for target in assigned(node):
        owner = target.child_by_field_name("object")
        if owner and owner.type == "identifier":
            yield "targets", code.quote(target)


_VISITORS: dict[str, _Visitor] = {
    "assignment": _assignment,
    "augmented_assignment": _assignment,
    "await": _after_keyword("awaits"),
    "call": _call,
    "class_definition": _definition,
    "conditional_expression": _conditional,
    "elif_clause": _if,
    "except_clause": _except,
    "finally_clause": _finally,
    "for_in_clause": _comprehension,
    "for_statement": _for,
    "function_definition": _definition,
    "global_statement": _names("globals"),
    "if_statement": _if,
    "match_statement": _match,
    "nonlocal_statement": _names("nonlocals"),
    "raise_statement": _raise,
    "return_statement": _after_keyword("returns"),
    "while_statement": _while,
    "with_item": _with_item,
    "yield": _after_keyword("yields"),
}

_MOST_LINKS = 8


def _dotted(code: Code, node: Node) -> str:
    """Write what is called or raised: `a.b`, and of what is not a plain name only its outline.

    `f(x).g` is written "f(…).g" and a longer chain than anybody wants to read "….g".
    """
    links: list[str] = []
    for _ in range(_MOST_LINKS):
        inner = node.child_by_field_name(_INNER.get(node.type, ""))
        if inner is None:
            return _head(code, node) + "".join(reversed(links))
        links.append(_link(node))
        node = inner
    return "…" + "".join(reversed(links))


def _head(code: Code, node: Node) -> str:
    text = code.quote(node, 24)
    return '"…"' if node.type == "string" and text.endswith("…") else text


_INNER = {"attribute": "object", "call": "function", "subscript": "value"}


def _link(node: Node) -> str:
    if node.type == "attribute":
        return "." + node_text(node.child_by_field_name("attribute"))
    if node.type == "subscript":
        return "[…]"
    arguments = node.child_by_field_name("arguments")
    return "(…)" if arguments and arguments.named_child_count else "()"
