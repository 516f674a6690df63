"""Where the values come from that can do something that blocks, and all that is done with them.

A value is followed from the expression that makes it through the variable it is bound to. Nothing
is known of one that is bound to something else as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from qwlsp.conversion.program import Function
from qwlsp.conversion.table import Kind, Spelling, Table
from qwlsp.syntax.quote import node_text, parts

OTHER = "other"
"""The use of a value that is given away: what becomes of it there is not known."""
BOUND, REBOUND = "bound", "rebound"
"""A value gets a name; a name that has a value gets one, the same or another."""
ITERATED = "iterated"
"""A value is given to something that iterates over it, like `enumerate`."""
VALUE = "{value}"
"""The place of the value in a spelling."""
TEST = "test"
"""A value is compared with None: what it can do does not matter."""


@dataclass(frozen=True)
class Use:
    """Something that is done with a value.

    `name` is what kinds call it: "read()", "text", "for", "with", "/", or OTHER. `value` is the
    expression that has the value, `whole` the call, attribute, statement or clause of the use.
    """

    name: str
    value: Node
    whole: Node


@dataclass(frozen=True)
class Spelled:
    """What becomes of a use, or of a call that makes a value: its use has no name then."""

    use: Use
    spelling: Spelling


def uses(function: Function, value: Node) -> list[Use]:
    """All that `function` does with the value of an expression in it, at first hand."""
    use = _use(value)
    if use is None:
        return []
    alias = _alias(use.whole, value) if use.name in ("with", BOUND) else None
    if use.name == BOUND:
        return [use, *of_variable(function, alias)] if alias else [_other(value)]
    return [use, *(of_variable(function, alias) if alias else [])]


def of_variable(function: Function, name: Node) -> list[Use]:
    """All that is done with a local variable; OTHER if code that the function does not run itself
    sees it."""
    text = node_text(name)
    if text in function.captured or text not in function.bound:
        return [_other(name)]
    found: list[Use] = []
    for node in function.identifiers[text]:
        if _is_part_of_a_name(node):
            continue
        if _is_bound(node):
            found.append(Use(REBOUND, node, _binder(node)))
        elif (use := _use(node)) is not None:
            found.append(_other(node) if use.name == BOUND else use)
            if (
                use.name == "with"
                and (alias := _alias(use.whole, node))
                and node_text(alias) != text
            ):
                found += of_variable(function, alias)
    return found


def of_path(function: Function, path: str) -> list[Use]:
    """All that is done with an attribute like `self.lock`, or with a name from outside."""
    found = []
    for node in function.code:
        if node.type in ("attribute", "identifier") and node_text(node) == path:
            if node.type == "identifier" and (_is_part_of_a_name(node) or _is_bound(node)):
                continue
            if _is_bound(node):
                found.append(_other(node))
            elif (use := _use(node)) is not None:
                found.append(_other(node) if use.name == BOUND else use)
    return found


def follow(
    function: Function, made: list[tuple[list[Use], Kind]], table: Table
) -> list[Spelled] | None:
    """What becomes of the uses of values of these kinds, and of what those uses give; None if one
    of them can't be done any more, or a variable may hold something else too."""
    spelled: dict[int, Spelled] = {}
    strictly_bound: list[Use] = []
    makers: list[Node] = []
    pending = [(use, kind) for found, kind in made for use in found]
    every: list[Use] = []
    while pending:
        use, kind = pending.pop()
        every.append(use)
        if use.name in (BOUND, "with"):
            makers.append(use.value)
        if use.name == REBOUND and kind.strict:
            strictly_bound.append(use)
        if use.name in (BOUND, REBOUND):
            continue
        spelling = _spelling(use, kind)
        if spelling is None:
            if kind.strict and use.name != TEST:
                return None
        elif use.whole.id not in spelled:
            spelled[use.whole.id] = Spelled(use, spelling)
            pending += _given(function, use, spelling, table)
    for each in _read_in_parts(list(spelled.values()), every):
        del spelled[each.use.whole.id]
    for use in strictly_bound:
        if not any(_holds(use.whole, value) for value in makers):
            return None
    return list(spelled.values())


def _read_in_parts(spelled: list[Spelled], every: list[Use]) -> list[Spelled]:
    """The loops over a file or the like that don't read all of it, as far as is known: something
    else is done with it in them or later."""
    return [
        each
        for each in spelled
        if each.use.name in ("for", ITERATED)
        and VALUE in each.spelling.to
        and any(
            other.name not in ("for", "close()", REBOUND)
            and node_text(other.value) == node_text(each.use.value)
            and other.value.start_byte > each.use.value.start_byte
            for other in every
        )
    ]


def _spelling(use: Use, kind: Kind) -> Spelling | None:
    spelling = kind.uses.get(use.name)
    if spelling and use.whole.type == "call" and not takes(spelling, use.whole):
        return None
    return spelling


def _given(
    function: Function, use: Use, spelling: Spelling, table: Table
) -> list[tuple[Use, Kind]]:
    """What is done with what a use gives, and with the items of what a loop goes over."""
    found: list[tuple[Use, Kind]] = []
    if spelling.gives:
        found += [(each, table.kinds[spelling.gives]) for each in uses(function, use.whole)]
    item = use.whole.child_by_field_name("left") if spelling.each else None
    if item is not None and item.type == "identifier":
        found += [(each, table.kinds[spelling.each]) for each in of_variable(function, item)]
    return found


def takes(spelling: Spelling, call: Node) -> bool:
    """Whether a call's arguments are those that its new spelling takes."""
    positional, keywords = arguments(call)
    if spelling.most is not None and len(positional) > spelling.most:
        return False
    for name, value in added(spelling).items():
        if name in keywords and node_text(keywords[name]) != value:
            return False
    if spelling.keywords is not None and not set(keywords) <= set(spelling.keywords):
        return False
    spread = any(node.type in ("list_splat", "dictionary_splat") for node in positional)
    return not (spread and (spelling.most is not None or spelling.keywords is not None))


def added(spelling: Spelling) -> dict[str, str]:
    """The keyword arguments that a spelling adds, with their values."""
    pairs = (each.strip().partition("=") for each in spelling.extra.split(",") if each)
    return {name: value for name, _, value in pairs}


def arguments(call: Node) -> tuple[list[Node], dict[str, Node]]:
    """The positional arguments, those with a star among them, and the keywords' values."""
    node = call.child_by_field_name("arguments")
    if node is None or node.type == "generator_expression":
        return ([node] if node else []), {}
    positional: list[Node] = []
    keywords: dict[str, Node] = {}
    for each in parts(node):
        if each.type == "keyword_argument":
            name, value = each.child_by_field_name("name"), each.child_by_field_name("value")
            if value is not None:
                keywords[node_text(name)] = value
        else:
            positional.append(each)
    return positional, keywords


# What stands around an expression.


def outermost(node: Node) -> Node:
    """The expression with the parentheses around it."""
    parent = node.parent
    while parent is not None and parent.type == "parenthesized_expression":
        node, parent = parent, parent.parent
    return node


def is_with_item(call: Node) -> bool:
    """Whether a call is the context of a `with` statement."""
    outer = outermost(call)
    parent = outer.parent
    if parent is not None and parent.type == "as_pattern":
        parent = parent.parent
    return parent is not None and parent.type == "with_item"


def _use(value: Node) -> Use | None:
    """What is done with an expression's value; None for nothing."""
    outer = outermost(value)
    parent = outer.parent
    if parent is None or parent.type == "expression_statement":
        return None
    if parent.type == "attribute" and parent.child_by_field_name("object") == outer:
        return _of_attribute(value, parent)
    if parent.type in ("for_statement", "for_in_clause"):
        is_iterated = parent.child_by_field_name("right") == outer
        return Use("for", value, parent) if is_iterated else _other(value)
    if parent.type == "with_item":
        return Use("with", value, parent)
    if parent.type == "as_pattern" and parent.parent and parent.parent.type == "with_item":
        return Use("with", value, parent.parent)
    if parent.type == "assignment" and parent.child_by_field_name("right") == outer:
        return Use(BOUND, value, parent)
    if parent.type == "binary_operator" and parent.child_by_field_name("left") == outer:
        is_path = parent.children[1].type == "/"
        return Use("/", value, parent) if is_path else _other(value)
    if parent.type == "expression_list" and _is_unpacked(parent):
        return Use(BOUND, value, parent)
    if parent.type == "argument_list" and _iterates(parent):
        return Use(ITERATED, value, outer)
    if parent.type == "comparison_operator" and any(n.type == "none" for n in parent.children):
        return Use(TEST, value, parent)
    return _other(value)


def _is_unpacked(values: Node) -> bool:
    """Whether each of some values gets a name of its own."""
    assignment = values.parent
    left = assignment.child_by_field_name("left") if assignment is not None else None
    return left is not None and len(parts(left)) == len(parts(values))


def _iterates(arguments: Node) -> bool:
    """Whether a call does no more with its arguments than iterate over them."""
    call = arguments.parent
    name = node_text(call.child_by_field_name("function")) if call is not None else ""
    return name in _ITERATING


_ITERATING = ("enumerate", "zip", "csv.reader", "csv.DictReader", "sorted", "list", "tuple", "set")


def _of_attribute(value: Node, attribute: Node) -> Use:
    name = node_text(attribute.child_by_field_name("attribute"))
    outer = outermost(attribute)
    call = outer.parent
    if call is not None and call.type == "call" and call.child_by_field_name("function") == outer:
        return Use(f"{name}()", value, call)
    parent = outer.parent
    if parent is not None and parent.type == "assignment":
        is_set = parent.child_by_field_name("left") == outer
        return Use(name, value, attribute) if not is_set or name == "row_factory" else _other(value)
    return Use(name, value, attribute)


def _other(value: Node) -> Use:
    return Use(OTHER, value, value)


def _alias(whole: Node, value: Node) -> Node | None:
    """The one name that a with item or an assignment binds to a value."""
    if whole.type == "expression_list":
        left = whole.parent.child_by_field_name("left") if whole.parent is not None else None
        place = [each.id for each in parts(whole)].index(outermost(value).id)
        target = parts(left)[place]
        return target if target.type == "identifier" else None
    if whole.type == "assignment":
        left = whole.child_by_field_name("left")
        chained = whole.parent is not None and whole.parent.type == "assignment"
        return left if left and left.type == "identifier" and not chained else None
    inner = next(iter(parts(whole)), None)
    if inner is None or inner.type != "as_pattern":
        return None
    name = next(iter(parts(inner.child_by_field_name("alias"))), None)
    return name if name is not None and name.type == "identifier" else None


def _is_part_of_a_name(node: Node) -> bool:
    """Whether an identifier is an attribute's, a keyword's, or a declaration's."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "attribute":
        return parent.child_by_field_name("attribute") == node
    if parent.type == "keyword_argument":
        return parent.child_by_field_name("name") == node
    return parent.type in ("global_statement", "nonlocal_statement")


def _is_bound(node: Node) -> bool:
    return _binder(node) != node


def _binder(node: Node) -> Node:
    """The statement or clause that binds what stands at `node`; `node` itself if none does."""
    inner, parent = node, node.parent
    while parent is not None and parent.type in _PATTERNS:
        inner, parent = parent, parent.parent
    if parent is None:
        return node
    if parent.type in ("assignment", "augmented_assignment", "for_statement", "for_in_clause"):
        return parent if parent.child_by_field_name("left") == inner else node
    if parent.type == "named_expression":
        return parent if parent.child_by_field_name("name") == inner else node
    if parent.type == "as_pattern_target":
        return parent.parent or parent
    return parent if parent.type in ("case_pattern", "delete_statement") else node


_PATTERNS = ("pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern")


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte
