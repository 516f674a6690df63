"""Edits of one file that may stand inside each other: an await around a call in another one's
arguments, a block around both."""

from __future__ import annotations

import re
from collections.abc import Set

from tree_sitter import Node

from qwlsp.conversion import values
from qwlsp.conversion.table import KEEP, LIST, THREAD, WHOLE, Spelling
from qwlsp.conversion.values import ITERATED, VALUE, Use
from qwlsp.edits import Edit
from qwlsp.syntax.quote import node_text, parts
from qwlsp.text import Span, Text

_LARGE = 1 << 40
"""More than the bytes of any node."""
_ROOT = re.compile(r"(?<![\w.])([a-z_]\w*)\.(?=[A-Za-z_])")


class Writer:
    """Collects what is put before, behind and in place of the nodes of one text."""

    def __init__(self, text: Text, packages: Set[str] = frozenset()) -> None:
        """`packages` are those that new code may use, besides asyncio."""
        self.text = text
        self._packages = {"asyncio", *packages}
        self.newline = "\r\n" if b"\r\n" in text.data else "\n"
        self.modules: set[str] = set()
        """What the new code needs to be imported."""
        self.async_items: dict[int, Node] = {}
        """The items of `with` statements that become async, by their ids."""
        self._insertions: dict[tuple[int, int, int, str], None] = {}
        self._replacements: dict[Span, str] = {}

    def edits(self) -> list[Edit]:
        """All of them, in order."""
        replaced = [Edit(span, new) for span, new in self._replacements.items()]
        inserted = [
            Edit(Span(at, at), new)
            for at, _, _, new in sorted(self._insertions)
            if not any(edit.span.start < at < edit.span.end for edit in replaced)
        ]
        return sorted([*inserted, *replaced], key=lambda edit: edit.span)

    # Simple edits

    def before(self, node: Node, new: str, *, rank: int = 0) -> None:
        """Put something before a node; of two that begin at one place, before the outer first, and
        of one node, the higher rank."""
        size = node.end_byte - node.start_byte + rank
        function = node.child_by_field_name("function")
        # The grammar reads `a, *f(x)` as a call of `*f`.
        starred = function is not None and function.type == "list_splat"
        self._insert(node.start_byte + starred, 1, -size, new)

    def behind(self, node: Node, new: str, *, rank: int = 0) -> None:
        """Put something behind a node; of two that end at one place, behind the inner first."""
        size = node.end_byte - node.start_byte + rank
        self._insert(node.end_byte, 0, size, new)

    def insert(self, at: int, new: str, *, rank: int = 0) -> None:
        """Put something at byte `at`, before all that begins there; a higher rank comes later."""
        self._insert(at, 0, _LARGE + rank, new)

    def replace(self, start: int, end: int, new: str) -> None:
        """Put something in place of some bytes."""
        if start == end:
            return self.insert(start, new)
        self._need(new)
        self._replacements[Span(start, end)] = new
        return None

    def rename(self, node: Node, new: str) -> None:
        """Put something in place of a node."""
        self.replace(node.start_byte, node.end_byte, new)

    def _insert(self, at: int, side: int, order: int, new: str) -> None:
        self._need(new)
        self._insertions[at, side, order, new] = None

    def _need(self, code: str) -> None:
        self.modules.update(self._packages.intersection(_ROOT.findall(code)))

    # Calls

    def awaited(self, call: Node, new: str = "await ") -> None:
        """Await what a call gives, in parentheses where something follows it."""
        closed = needs_parentheses(call)
        self.before(call, f"({new}" if closed else new)
        if closed:
            self.behind(call, ")")

    def in_thread(self, call: Node, *, extra: str = "") -> None:
        """Make a call through asyncio.to_thread."""
        _, arguments = _parts_of(call)
        self.awaited(call, "await asyncio.to_thread(")
        opening = arguments.start_byte
        if arguments.type == "generator_expression":
            self.replace(opening, opening + 1, ", (")
            self.behind(arguments, ")")
        elif parts(arguments):
            goes_on_below = self.text.data[opening + 1 : opening + 2] in (b"\r", b"\n")
            self.replace(opening, opening + 1, "," if goes_on_below else ", ")
        else:
            self.replace(opening, opening + 1, "")
        if extra:
            self._add_argument(arguments, extra, is_first=False)

    def whole_in_thread(self, call: Node) -> None:
        """Evaluate a call, and all in it, in a thread."""
        self.awaited(call, "await asyncio.to_thread(lambda: ")
        self.behind(call, ")")

    def made(self, call: Node, spelling: Spelling, client: dict[str, str]) -> None:
        """Spell a call anew that the table knows; `client` has the names of clients it uses."""
        if spelling.to == THREAD:
            self.in_thread(call, extra=_extra(call, spelling))
        elif spelling.to == WHOLE:
            self.whole_in_thread(call)
        elif spelling.to != KEEP:
            self._spell(call, spelling, client)

    def _spell(self, call: Node, spelling: Spelling, client: dict[str, str]) -> None:
        function, arguments = _parts_of(call)
        in_with = spelling.in_with if values.is_with_item(call) else ""
        to = in_with or spelling.to
        for old, new in client.items():
            to = re.sub(rf"\b{old}\.", f"{new}.", to)
        if "{arguments}" in to:
            before, _, after = to.partition("{arguments}")
            self.replace(call.start_byte, arguments.start_byte + 1, before)
            self.replace(call.end_byte - 1, call.end_byte, after)
            return
        is_awaited = to.startswith("await ")
        if is_awaited:
            self.awaited(call)
        self.rename(function, to.removeprefix("await "))
        self._arguments(call, spelling)

    def _arguments(self, call: Node, spelling: Spelling) -> None:
        _, arguments = _parts_of(call)
        positional, _ = values.arguments(call)
        if spelling.spread and positional:
            self._spread(positional[0])
        for node in parts(arguments):
            name = node.child_by_field_name("name") if node.type == "keyword_argument" else None
            if name is not None and node_text(name) in (spelling.renamed or {}):
                self.rename(name, (spelling.renamed or {})[node_text(name)])
        if extra := _extra(call, spelling):
            self._add_argument(arguments, extra, is_first=not parts(arguments))

    def _add_argument(self, arguments: Node, new: str, *, is_first: bool) -> None:
        given = parts(arguments)
        if is_first or not given:
            text = new if is_first else f", {new}"
            self.replace(arguments.end_byte - 1, arguments.end_byte, f"{text})")
        else:
            self.behind(given[-1], f", {new}")

    def _spread(self, argument: Node) -> None:
        """Make the items of a list arguments of their own."""
        if any(each.type == "comment" for each in argument.children):
            self.before(argument, "*")
            return
        items = parts(argument)
        self.replace(argument.start_byte, items[0].start_byte if items else argument.end_byte, "")
        if items:
            self.replace(items[-1].end_byte, argument.end_byte, "")

    # What is done with values

    def used(self, use: Use, spelling: Spelling) -> None:
        """Spell a use of a value anew."""
        to = spelling.to
        if to in ("async with", "async for"):
            self.make_async(use.whole)
        elif to == THREAD:
            self.in_thread(use.whole)
        elif to == LIST:
            self._listed(use.whole)
        elif to == WHOLE:
            self.whole_in_thread(use.whole)
        elif to != KEEP and use.name in ("for", ITERATED):
            before, _, after = to.partition(VALUE)
            outer = values.outermost(use.value)
            self.before(outer, before, rank=1)  # the value may be a call that is spelled anew
            self.behind(outer, after, rank=1)
        elif to != KEEP:
            self._member(use, spelling)

    def _listed(self, call: Node) -> None:
        """Collect what a call iterates over; for `next`, as an iterator."""
        outer = values.outermost(call)
        reader = outer.parent.parent if outer.parent is not None else None
        function = reader.child_by_field_name("function") if reader is not None else None
        is_next = node_text(function) == "next"
        if is_next:
            self.before(call, "iter(", rank=1)
            self.behind(call, ")", rank=1)
        self.awaited(call, "await asyncio.to_thread(lambda: list(")
        self.behind(call, "))")

    def _member(self, use: Use, spelling: Spelling) -> None:
        """A method or an attribute."""
        to = spelling.to
        if VALUE not in to:
            name = to.removeprefix("await ")
            to = f"{'await ' if name != to else ''}{VALUE}.{name}"
        before, _, after = to.partition(VALUE)
        if before.startswith("await "):
            self.awaited(use.whole)
            before = before.removeprefix("await ")
        value = values.outermost(use.value)
        if before:
            self.before(value, before)
        member = _parts_of(use.whole)[0] if use.whole.type == "call" else use.whole
        if self.text.data[value.end_byte : member.end_byte] != after.encode():
            self._replace_tail(value, member, after)
        if use.whole.type == "call":
            self._arguments(use.whole, spelling)

    def _replace_tail(self, value: Node, member: Node, after: str) -> None:
        """Put `after` behind a value, for the dot and the name of the member."""
        name = member.child_by_field_name("attribute")
        if after.startswith(".") and name is not None:
            self.rename(name, after[1:])
        else:
            self.replace(value.end_byte, member.end_byte, after)

    # Statements

    def make_async(self, whole: Node) -> None:
        """Put "async" before a `for` statement or clause; note that of an item of a `with`."""
        if whole.type == "with_item":
            self.async_items[whole.id] = whole
        elif whole.children[0].type != "async":
            self.before(whole, "async ")

    def indent_of(self, node: Node) -> str:
        """The blanks before the line that a node begins on."""
        start = self.text.starts[self.text.line_of(node.start_byte)]
        line = self.text.data[start : node.start_byte]
        return line[: len(line) - len(line.lstrip())].decode()


def needs_parentheses(call: Node) -> bool:
    """Whether something follows a call that would come before an await of it."""
    parent = call.parent
    if parent is None:
        return False
    field = {"attribute": "object", "subscript": "value", "call": "function"}.get(parent.type)
    return field is not None and parent.child_by_field_name(field) == call


def _extra(call: Node, spelling: Spelling) -> str:
    """The arguments to add that are not there yet."""
    _, given = values.arguments(call)
    new = values.added(spelling).items()
    return ", ".join(f"{name}={value}" for name, value in new if name not in given)


def _parts_of(call: Node) -> tuple[Node, Node]:
    function = call.child_by_field_name("function")
    arguments = call.child_by_field_name("arguments")
    assert function is not None
    assert arguments is not None
    return function, arguments
