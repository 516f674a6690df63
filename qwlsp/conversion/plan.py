"""What is to change so that a function can be async: which functions become async with it, what
becomes of each call in them, who has to await them from then on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field, replace
from typing import Literal

from tree_sitter import Node

from qwlsp.context.paths import CALL, COMMON_METHODS
from qwlsp.conversion import values
from qwlsp.conversion.blocks import can_be_parted
from qwlsp.conversion.callers import Caller, callers, makers, overriding
from qwlsp.conversion.harmless import HARMLESS_METHODS
from qwlsp.conversion.origins import MADE, Shared, shared
from qwlsp.conversion.places import can_await, can_be_async, consumer
from qwlsp.conversion.program import Callee, Function, Program, expression_path
from qwlsp.conversion.refusals import refusal
from qwlsp.conversion.spelling import Spellings, in_whole, spell
from qwlsp.conversion.table import KEEP, LIST, THREAD, WHOLE, Spelling, Table
from qwlsp.conversion.values import Spelled, Use
from qwlsp.syntax.quote import node_text
from qwlsp.syntax.scopes import Scope

How = Literal["await", "async for", "async with", "collect", "thread", "unwrap"]
"""What becomes of a call of a function of the project: awaited, iterated over, entered; collected
into a list for a function like `sum`; made in a thread; taken out of `asyncio.run`."""

MOST_MEMBERS = 100
"""Functions that are converted together."""
MOST_QUESTIONS = 6
"""Calls that the model is asked about."""
MANAGERS = ("contextmanager", "asynccontextmanager")


@dataclass(frozen=True)
class ProjectCall:
    """What becomes of a call of a function of the project."""

    call: Node
    callee: Function
    how: How


@dataclass
class Conversion:
    """What becomes of one function. In one that was async before, only its `calls` change."""

    function: Function
    spellings: Spellings = field(default_factory=Spellings)
    calls: list[ProjectCall] = field(default_factory=list)
    open_calls: list[Node] = field(default_factory=list)
    """Those of which nothing is known."""

    def held_locks(self) -> list[int]:
        """The lines, from 1, of `with` statements over locks for threads that hold an await."""
        awaited = [
            each.use.whole
            for each in self.spellings.calls
            if each.spelling.to.startswith("await ") or each.spelling.to in (THREAD, LIST, WHOLE)
        ]
        awaited += [each.call for each in self.calls]
        held = [
            each.use.whole.parent.parent
            for each in self.spellings.calls
            if each.use.name == "with" and each.spelling.to == KEEP and each.use.whole.parent
        ]
        return [
            statement.start_point.row + 1
            for statement in held
            if statement is not None
            and any(statement.start_byte < node.start_byte < statement.end_byte for node in awaited)
        ]


@dataclass(frozen=True)
class LeftBehind:
    """A caller that can't await the function that becomes async."""

    function: Function
    caller: Caller


@dataclass
class Plan:
    """What is to change. `members` become async; `others` are async and call them; `scripts` are
    calls at the top level of a file; `synchronous` are callers that can't await."""

    targets: list[Function]
    members: dict[Function, Conversion] = field(default_factory=dict)
    others: dict[Function, Conversion] = field(default_factory=dict)
    scripts: list[Caller] = field(default_factory=list)
    synchronous: list[LeftBehind] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Planner:
    """Plans for one project. `blocking` tells where a linter sees calls in a file that would block
    in async functions, as spans of bytes."""

    def __init__(
        self,
        program: Program,
        table: Table,
        packages: Set[str],
        blocking: Callable[[str], Set[tuple[int, int]]],
    ) -> None:
        self.program = program
        self.table = table
        self.packages = packages
        self._blocking = blocking
        self._spellings: dict[Function, Spellings] = {}
        self._blocks: dict[Function, bool] = {}
        self._callers: dict[Function, list[Caller]] = {}

    def plan(self, targets: list[Function], *, with_callers: bool) -> Plan:
        """The plan for making `targets` async; `with_callers`: and what calls them, as far as that
        is possible."""
        members = list(targets)
        if with_callers:
            members = self._with_callers(members)
        members = self._with_helpers(members)
        plan = Plan(targets)
        for function in members:
            plan.members[function] = self._converted(function, set(members))
        for function in members:
            self._follow_callers(plan, function)
        plan.shared = shared(self.program, members, self.table)
        for each in plan.shared:
            for function, spelled in each.uses.items():
                plan.members[function].spellings.replace(spelled)
        return plan

    # Which functions

    def _with_callers(self, members: list[Function]) -> list[Function]:
        for member in members:  # grows while it is gone through
            for caller in self.callers(member):
                function = caller.function
                can_be = caller.is_call and caller.certain and not caller.in_lambda
                if function is None or function in members or not can_be or function.is_async:
                    continue
                if refusal(self.program, self.table, function) is None:
                    members.append(function)
            if len(members) >= MOST_MEMBERS:
                break
        return members

    def _with_helpers(self, roots: list[Function]) -> list[Function]:
        """With all functions that block and are called by nobody who can't await them."""
        rejected: set[Function] = set()
        while True:
            members = self._reached(roots, rejected)
            bad = {each for each in members if each not in roots and self._is_bad(each, members)}
            if not bad:
                return members
            rejected |= bad

    def _reached(self, roots: list[Function], rejected: set[Function]) -> list[Function]:
        members = list(roots)
        for member in members:
            for call in member.calls:
                callee = self.program.callee(member, call)
                function = callee.function if callee and callee.made is None else None
                if function is None or function in members or function in rejected:
                    continue
                if not function.is_async and self.blocks(function):
                    members.append(function)
                if len(members) >= MOST_MEMBERS:
                    return members
        return members

    def _is_bad(self, function: Function, members: list[Function]) -> bool:
        """Whether a helper has to stay as it is."""
        if refusal(self.program, self.table, function) is not None:
            return True
        if self.opaque_decorator(function) or overriding(self.program, function):
            return True
        for caller in self.callers(function):
            awaits = caller.is_async or (caller.function in members and not caller.in_lambda)
            if not (awaits and caller.is_call):
                return True
            if caller.certain and self._how(caller.node, function) is None:
                return True
        return False

    def callers(self, function: Function) -> list[Caller]:
        """All callers of a function."""
        if function not in self._callers:
            self._callers[function] = callers(self.program, function)
        return self._callers[function]

    def opaque_decorator(self, function: Function) -> str | None:
        """A decorator of which it is not known what it does with a coroutine."""
        known = self.table.transparent
        return next((n for n in function.decorators if n.rpartition(".")[2] not in known), None)

    def blocks(self, function: Function) -> bool:
        """Whether a synchronous function does something that would block an event loop."""
        pending, seen = [function], {function}
        while pending:
            each = pending.pop()
            if self._blocks.get(each) or self.spellings(each).acts:
                self._blocks[function] = True
                return True
            for call in each.calls:
                callee = self.program.callee(each, call)
                if callee is None or self._blocks.get(callee.function or each) is False:
                    continue
                if callee.dotted == "asyncio.run":
                    return True
                next_ = callee.function
                if next_ is not None and next_ not in seen and not next_.is_async:
                    seen.add(next_)
                    pending.append(next_)
        for each in seen:
            self._blocks[each] = False
        return False

    def spellings(self, function: Function) -> Spellings:
        """What becomes of the calls in a function that the table, or the linter, knows of."""
        if function not in self._spellings:
            found = spell(self.program, function, self.table, self.packages)
            known = {each.use.whole.id for each in found.calls}
            spans = self._blocking(function.path)
            for call in function.calls:
                if call.id not in known and _is_at(call, spans) and not self._is_awaited(call):
                    found.calls.append(Spelled(Use(MADE, call, call), Spelling(to=THREAD)))
            self._spellings[function] = found
        return self._spellings[function]

    def _is_awaited(self, call: Node) -> bool:
        return call.parent is not None and call.parent.type == "await"

    # What becomes of the calls in them

    def _converted(self, function: Function, members: set[Function]) -> Conversion:
        conversion = Conversion(function, self.spellings(function))
        spelled = {each.use.whole.id for each in conversion.spellings.calls}
        for call in function.calls:
            if call.id in spelled:
                continue
            callee = self.program.callee(function, call)
            how = self._of_call(function, call, callee, members)
            if callee is not None and callee.function is not None and how is not None:
                conversion.calls.append(ProjectCall(call, callee.function, how))
            elif self._is_lost(call, callee, members) and (whole := in_whole(call)):
                conversion.spellings.calls.append(whole)
                conversion.spellings.drop_inner()
            elif callee is not None and callee.dotted == "asyncio.run":
                inner = self._run_inside(function, call)
                conversion.calls += [inner] if inner else []
            elif self._is_open(function, call, callee):
                conversion.open_calls.append(call)
        del conversion.open_calls[MOST_QUESTIONS:]
        return conversion

    def _of_call(
        self, function: Function, call: Node, callee: Callee | None, members: set[Function]
    ) -> How | None:
        if callee is None or callee.function is None or self._is_awaited(call):
            return None
        target = callee.function
        if callee.made is not None:
            blocks = target not in members and not target.is_async and self.blocks(target)
            return "thread" if blocks else None
        if target in members:
            return self._how(call, target)
        if target.is_async:
            # What a coroutine is given away to, a task or `gather`, awaits it.
            is_argument = call.parent is not None and call.parent.type == "argument_list"
            return None if is_argument else self._how(call, target)
        can_run = not target.is_generator and target.around is None
        return "thread" if can_run and self.blocks(target) and can_await(call) else None

    def _is_lost(self, call: Node, callee: Callee | None, members: set[Function]) -> bool:
        """Whether a call blocks where it can't be awaited."""
        function = callee.function if callee is not None else None
        if function is None or function in members or function.is_async or can_await(call):
            return False
        return self.blocks(function)

    def _run_inside(self, function: Function, call: Node) -> ProjectCall | None:
        """`asyncio.run(f())`, of which the call of `f` stays, to be awaited."""
        positional, keywords = values.arguments(call)
        if len(positional) != 1 or keywords or positional[0].type != "call":
            return None
        callee = self.program.callee(function, positional[0])
        coroutine = callee.function if callee else None
        return ProjectCall(call, coroutine or function, "unwrap") if can_await(call) else None

    def _how(self, call: Node, callee: Function) -> How | None:
        """How an async function is called; None where that is not possible."""
        if not can_await(call):
            return None
        if is_manager(callee):
            return "async with" if values.is_with_item(call) and _can_enter(call) else None
        if not callee.is_generator:
            return "await"
        outer = values.outermost(call)
        parent = outer.parent
        if parent is not None and parent.type in ("for_statement", "for_in_clause"):
            is_iterated = parent.child_by_field_name("right") == outer
            return "async for" if is_iterated and can_be_async(parent) else None
        if parent is not None and parent.type == "yield":
            return "async for"
        return "collect" if consumer(outer) else None

    def _is_open(self, function: Function, call: Node, callee: Callee | None) -> bool:
        """Whether nothing is known of what a call calls, and it may well be slow."""
        path = expression_path(call.child_by_field_name("function"))
        if path is None or self._is_awaited(call) or not can_await(call):
            return False
        if callee is not None and callee.function is not None:
            return False
        dotted = callee.dotted if callee else ""
        if dotted:
            is_known = path[0] == dotted or dotted.partition(".")[0] in sys.stdlib_module_names
            return not is_known and "." in dotted and not path[-1][:1].isupper()
        is_method = len(path) > 1 and path[-1] != CALL and path[0] not in ("super", "cls")
        names = COMMON_METHODS | HARMLESS_METHODS
        return is_method and callee is None and path[-1] not in names

    # Who calls them

    def follow_class(self, plan: Plan, path: str, owner: Scope) -> None:
        """Enter and iterate over values of a converted class asynchronously, where they are made
        in async code; elsewhere they are left behind."""
        for site in makers(self.program, path, owner):
            function = site.function
            found = values.uses(function, site.node) if function is not None else []
            for use in found:
                if use.name not in _CLASS_USES and use.name != values.OTHER:
                    continue
                caller = replace(site, node=use.whole, is_call=False)
                can = function in plan.members or site.is_async
                if function is None or not can or use.name == values.OTHER:
                    if use.name != values.OTHER:
                        plan.synchronous.append(LeftBehind(plan.targets[0], caller))
                    continue
                conversion = plan.members.get(function) or plan.others.setdefault(
                    function, Conversion(function)
                )
                conversion.spellings.replace([Spelled(use, Spelling(to=_CLASS_USES[use.name]))])

    def _follow_callers(self, plan: Plan, function: Function) -> None:
        for caller in self.callers(function):
            around = caller.function
            if around is not None and around in plan.members and not caller.in_lambda:
                if caller.is_call or not caller.certain:
                    continue
            elif caller.is_call and caller.certain and caller.is_async and around is not None:
                how = self._how(caller.node, function)
                if how is not None:
                    if not self._is_awaited(caller.node):
                        other = plan.others.setdefault(around, Conversion(around))
                        other.calls.append(ProjectCall(caller.node, function, how))
                    continue
            elif caller.is_call and around is None and self._is_script(caller, function):
                plan.scripts.append(caller)
                continue
            plan.synchronous.append(LeftBehind(function, caller))

    def _is_script(self, caller: Caller, function: Function) -> bool:
        """Whether a call goes through `asyncio.run`: one at the top level, on its own or where the
        file is run as a program, not imported."""
        if function.is_generator or is_manager(function) or not can_await(caller.node):
            return False
        around, is_alone = caller.node.parent, True
        while around is not None and around.type != "module":
            if around.type == "if_statement":
                condition = around.child_by_field_name("condition")
                return "__name__" in node_text(condition)
            is_alone = is_alone and around.type == "expression_statement"
            around = around.parent
        return is_alone


_CLASS_USES = {"with": "async with", "for": "async for"}


def nature(function: Function) -> str:
    """What calling it gives once it is async."""
    if is_manager(function):
        return "context manager"
    return "generator" if function.is_generator else "coroutine"


def is_manager(function: Function) -> bool:
    """Whether it is turned into a context manager by its decorator."""
    return any(each.rpartition(".")[2] in MANAGERS for each in function.decorators)


def _can_enter(call: Node) -> bool:
    """Whether the `with` statement of a call can be made async."""
    item = values.outermost(call).parent
    item = item.parent if item is not None and item.type == "as_pattern" else item
    clause = item.parent if item is not None else None
    if item is None or clause is None:
        return False
    is_alone = sum(each.type == "with_item" for each in clause.children) == 1
    return is_alone or can_be_parted(item)


def _is_at(call: Node, spans: Set[tuple[int, int]]) -> bool:
    function = call.child_by_field_name("function")
    ends: Iterable[int] = (call.end_byte, function.end_byte if function else -1)
    return any((call.start_byte, end) in spans for end in ends)
