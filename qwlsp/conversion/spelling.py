"""How the blocking calls of one function are spelled once it is async."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass, field

from tree_sitter import Node

from qwlsp.conversion import values
from qwlsp.conversion.blocks import can_be_parted
from qwlsp.conversion.origins import MADE, known
from qwlsp.conversion.places import can_await, can_be_async, early_consumer
from qwlsp.conversion.program import Function, Program, expression_path
from qwlsp.conversion.table import KEEP, LIST, THREAD, WHOLE, Spelling, Table, Way
from qwlsp.conversion.values import Spelled, Use
from qwlsp.syntax.scopes import walk


@dataclass
class Spellings:
    """What becomes of the calls in a function, of what is done with their results, and of names
    like those of exceptions."""

    calls: list[Spelled] = field(default_factory=list)
    names: list[tuple[Node, str]] = field(default_factory=list)

    @property
    def acts(self) -> bool:
        """Whether anything becomes of them."""
        return any(each.spelling.to != KEEP for each in self.calls)

    def drop_inner(self) -> None:
        """Leave what is in a call that goes to a thread with all that is in it."""
        wholes = [each.use.whole for each in self.calls if each.spelling.to == WHOLE]
        self.calls = [
            each
            for each in self.calls
            if not any(
                whole.start_byte <= each.use.whole.start_byte
                and each.use.whole.end_byte <= whole.end_byte
                and each.use.whole != whole
                for whole in wholes
            )
        ]

    def replace(self, spelled: list[Spelled]) -> None:
        """Take these for what was known of the same uses."""
        new = {each.use.whole.id for each in spelled}
        self.calls = [each for each in self.calls if each.use.whole.id not in new] + spelled


def spell(program: Program, function: Function, table: Table, packages: Set[str]) -> Spellings:
    """How all that `table` knows of in a function is spelled, where `packages` may be used."""
    found = Spellings()
    families: defaultdict[str, list[tuple[Node, str]]] = defaultdict(list)
    for call in function.calls:
        path = expression_path(call.child_by_field_name("function"))
        dotted = program.dotted(function, path) if path else ""
        if dotted in table.families:
            families[table.families[dotted]].append((call, dotted))
    for makers in families.values():
        _spell_family(found, program, function, makers, table, packages)
    for uses, kind in known(program, function, table, packages):
        spelled = values.follow(function, [(uses, kind)], table) or []
        found.calls += [each for each in spelled if is_possible(each)]
    unique = {each.use.whole.id: each for each in reversed(found.calls)}
    found.calls = sorted(unique.values(), key=lambda each: each.use.whole.start_byte)
    found.drop_inner()
    return found


def _spell_family(
    found: Spellings,
    program: Program,
    function: Function,
    makers: list[tuple[Node, str]],
    table: Table,
    packages: Set[str],
) -> None:
    for way in table.ways_of(makers[0][1], packages):
        calls = _spell_makers(function, makers, way)
        names = _names(program, function, makers, way)
        if calls is None or names is None:
            continue
        made = [
            (values.uses(function, each.use.whole), table.kinds[each.spelling.gives])
            for each in calls
            if each.spelling.gives
        ]
        uses = values.follow(function, made, table)
        if uses is None or not _can_enter_all(uses):
            continue
        possible = [each for each in (*calls, *uses) if is_possible(each)]
        if not way.package or len(possible) == len(calls) + len(uses):
            found.calls += possible
            lost = [each for each in (*calls, *uses) if not is_possible(each)]
            found.calls += [whole for each in lost if (whole := in_whole(each.use.whole))]
            found.names += names
            return


def _spell_makers(
    function: Function, makers: list[tuple[Node, str]], way: Way
) -> list[Spelled] | None:
    """The calls in their new spelling; None if one of them has none."""
    calls = []
    for call, dotted in makers:
        spelling = way.calls.get(dotted)
        if spelling is None or not values.takes(spelling, call):
            return None
        if spelling.around and _is_one_line(function):
            return None
        if not spelling.to and not values.is_with_item(call):
            return None
        first = next(iter(values.arguments(call)[0]), None)
        if spelling.spread and (first is None or first.type not in ("list", "tuple")):
            return None
        calls.append(Spelled(Use(MADE, call, call), spelling))
    return calls


def _can_enter_all(uses: list[Spelled]) -> bool:
    """Whether each `with` statement can be made async, as a whole or in parts."""
    items = [each.use.whole for each in uses if each.spelling.to == "async with"]
    made_async = {item.id for item in items}
    for item in items:
        siblings = [n for n in item.parent.children if n.type == "with_item"] if item.parent else []
        is_whole = all(sibling.id in made_async for sibling in siblings)
        if not is_whole and not can_be_parted(item):
            return False
    return True


def is_possible(spelled: Spelled) -> bool:
    """Whether a call or use stands where its new spelling may stand."""
    to, whole = spelled.spelling.to, spelled.use.whole
    if to == "async for":
        return can_be_async(whole)
    if spelled.use.name == "for":
        return can_await(spelled.use.value)
    awaits = to.startswith("await ") or to in (THREAD, LIST)
    return not awaits or can_await(whole)


def in_whole(call: Node) -> Spelled | None:
    """The `any` or `all` around a call that can't be awaited itself, to be made in a thread."""
    outer = early_consumer(call)
    return Spelled(Use(MADE, outer, outer), Spelling(to=WHOLE)) if outer is not None else None


def _is_one_line(function: Function) -> bool:
    """Whether the body stands on the line of the header."""
    return function.body.start_point.row == function.node.start_point.row


def _names(
    program: Program, function: Function, makers: list[tuple[Node, str]], way: Way
) -> list[tuple[Node, str]] | None:
    """What else the function names of the modules of the family, in its new spelling; None if
    some of it has none."""
    if not way.package and not way.names:
        return []
    roots = {dotted.rpartition(".")[0] for _, dotted in makers}
    packages = {root.partition(".")[0] for root in roots}
    called = {id_ for call, _ in makers for id_ in _ids(call.child_by_field_name("function"))}
    found = []
    for node in function.code:
        if node.type not in ("attribute", "identifier") or node.id in called:
            continue
        if node.parent is not None and node.parent.type in ("attribute", "keyword_argument"):
            continue
        path = expression_path(node)
        dotted = program.dotted(function, path) if path else ""
        is_of_root = any(dotted == root or dotted.startswith(root + ".") for root in roots)
        is_caught = dotted.partition(".")[0] in packages and _is_caught(node)
        if is_of_root or is_caught:
            if dotted not in way.names:
                return None
            found.append((node, way.names[dotted]))
        elif dotted in way.unsafe and _is_caught(node):
            return None
    return found


def _is_caught(node: Node) -> bool:
    """Whether a name stands in the header of an `except` clause."""
    inner, outer = node, node.parent
    while outer is not None and outer.type not in ("except_clause", "block"):
        inner, outer = outer, outer.parent
    return outer is not None and outer.type == "except_clause" and inner.type != "block"


def _ids(node: Node | None) -> set[int]:
    return {each.id for each in walk(node)} if node else set()
