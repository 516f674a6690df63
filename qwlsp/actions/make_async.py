"""Make async: a function, and what has to change with it, so that it awaits what it waits for.

Places come from the tree and from ruff, replacements from a table; only what becomes of calls of
which nothing is known is put to the model. Nothing here asks it: `prepare` says what is to be
asked, `finish` makes the edits and checks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from tree_sitter import Node

from qwlsp.answers import Answer, Decision, Place, Rewrite, TextEdit
from qwlsp.checks import conversions, rewrites
from qwlsp.checks.linter import BLOCKING, lint
from qwlsp.checks.rewrites import UNUSED_IMPORT, Check
from qwlsp.conversion.callers import overriding
from qwlsp.conversion.plan import Conversion, LeftBehind, Plan, Planner, nature
from qwlsp.conversion.program import Function, Program, Project
from qwlsp.conversion.refusals import PAIRS, refusal
from qwlsp.conversion.rewriting import Choice, Rewritten, rewrite
from qwlsp.conversion.table import LIST, THREAD, WHOLE, Table
from qwlsp.documents import Snapshot
from qwlsp.edits import apply, between, unified_diff
from qwlsp.errors import QwlspError
from qwlsp.syntax.languages import PYTHON
from qwlsp.syntax.quote import Code
from qwlsp.syntax.scopes import Scope, walk
from qwlsp.text import Encoding, Span, Text


class Refused(QwlspError):
    """The code can't be made async, for the reason that is the message."""


@dataclass(frozen=True)
class Prepared:
    """A plan, and the calls that the model is to be asked about, each with its function."""

    program: Program
    plan: Plan
    names: Mapping[Function, str]
    packages: Set[str]
    questions: Sequence[tuple[Function, Node]]


def title(scope: Scope) -> str:
    """What the editor's menu says."""
    return f"Make `{scope.name}` async"


def is_offered(snapshot: Snapshot, scope: Scope) -> bool:
    """Whether the menu has it: for a synchronous function of Python."""
    if snapshot.read_as is not PYTHON or scope.kind not in ("function", "class"):
        return False
    return scope.kind == "class" or scope.syntax.children[0].type != "async"


def prepare(
    path: str,
    snapshot: Snapshot,
    span: Span,
    files: Project,
    table: Table,
    *,
    client: str = "auto",
    with_callers: bool = False,
) -> Prepared:
    """What is to change so that the function or class around `span` is async. `client` is the
    package that fetches from the web, "thread" for none. Raises Refused and LinterFailed."""
    if snapshot.read_as is not PYTHON:
        raise Refused(f"Only Python can be made async, and {Path(path).name} is something else.")
    program = Program(files, {path: snapshot})
    scope = snapshot.scope_at(span)
    packages = _packages(files, snapshot, table, client)
    planner = Planner(program, table, packages, _Blocking(program))
    targets, names = _targets(program, table, planner, path, scope, span)
    plan = planner.plan(targets, with_callers=with_callers)
    if names:
        planner.follow_class(plan, path, scope)
    _warn(planner, plan, names)
    questions = [
        (function, call) for function, each in plan.members.items() for call in each.open_calls
    ]
    return Prepared(program, plan, names, packages, questions)


def _targets(
    program: Program, table: Table, planner: Planner, path: str, scope: Scope, span: Span
) -> tuple[list[Function], dict[Function, str]]:
    """The functions that are to be async, and the new names of those that get one."""
    if scope.kind == "class":
        methods = program.methods(path, scope)
        names = _pairs(planner, methods)
        chosen = [m for m in methods if m in names or planner.blocks(m)]
        possible = [m for m in chosen if refusal(program, table, m, with_class=True) is None]
        if not possible:
            raise Refused(f"No method of `{scope.name}` waits for anything.")
        return possible, names
    if scope.kind != "function":
        raise Refused(_no_function(program.snapshots[path], span))
    function = program.function_at(path, scope.span)
    assert function is not None
    if reason := refusal(program, table, function):
        raise Refused(reason)
    return [function], {}


def _no_function(snapshot: Snapshot, span: Span) -> str:
    line = snapshot.text.line_span(snapshot.text.line_of(span.start))
    root = snapshot.tree.root_node
    at = root.descendant_for_byte_range(line.start, line.end)
    if at is not None and any(node.type == "lambda" for node in walk(at)):
        return "A lambda can't be async: make it a function first."
    return "There is no function here: put the cursor into one."


def _pairs(planner: Planner, methods: Sequence[Function]) -> dict[Function, str]:
    """The async names of those methods of a class that wait, and of their counterparts."""
    by_name = {method.name: method for method in methods}
    found: dict[Function, str] = {}
    for pair in (("__enter__", "__exit__"), ("__iter__", "__next__"), ("close",)):
        both = [by_name[name] for name in pair if name in by_name]
        if any(planner.blocks(method) for method in both):
            found.update({method: PAIRS[method.name] for method in both})
    return found


def _packages(files: Project, snapshot: Snapshot, table: Table, client: str) -> set[str]:
    """The packages that may be used: those that the project uses already."""
    imported = {each.module.partition(".")[0] for each in snapshot.outline.imports}
    used = {each for each in table.packages if each in imported or files.uses(each)}
    if client == "auto":
        return used
    return (used - {"httpx", "aiohttp"}) | ({client} - {"thread"})


class _Blocking:
    """Where ruff sees calls in a file that would block if all its functions were async."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._found: dict[str, frozenset[tuple[int, int]]] = {}

    def __call__(self, path: str) -> frozenset[tuple[int, int]]:
        if path not in self._found:
            self._found[path] = self._spans(path)
        return self._found[path]

    def _spans(self, path: str) -> frozenset[tuple[int, int]]:
        functions = self._program.functions(path)
        starts = sorted(each.node.start_byte for each in functions if not each.is_async)
        text = self._program.text(path)
        pieces = [text.data[a:b] for a, b in zip([0, *starts], [*starts, None], strict=True)]
        as_async = Text.of(b"async ".join(pieces).decode())
        spans = [each.span for each in lint(as_async, name=Path(path).name, rules=BLOCKING)]
        return frozenset((_before(starts, s.start), _before(starts, s.end)) for s in spans)


def _before(starts: list[int], at: int) -> int:
    """Where a byte was before "async " was put at each of `starts`."""
    inserted = 0
    for start in starts:
        if start + inserted * len("async ") >= at:
            break
        inserted += 1
    return at - inserted * len("async ")


def _warn(planner: Planner, plan: Plan, names: Mapping[Function, str]) -> None:
    found: list[str] = []
    for target in plan.targets:
        conversion = plan.members[target]
        awaits = conversion.spellings.acts or conversion.calls or conversion.open_calls
        if not names and not awaits:
            found.append(f"`{target.name}` has nothing to await.")
        if decorator := planner.opaque_decorator(target):
            found.append(f"`@{decorator}` gets a coroutine function now: see that it can take one.")
        for each in overriding(planner.program, target):
            if each not in plan.members and not each.is_async:
                place = f"{Path(each.path).name}:{each.node.start_point.row + 1}"
                found.append(
                    f"{place}: `{each.scope.qualified_name}` overrides it and is not async."
                )
    found += [_left_behind(each) for each in plan.synchronous]
    found += [
        f"line {line}: a lock for threads is held while `{function.name}` waits; two tasks that"
        " want it block each other for ever."
        for function, conversion in plan.members.items()
        for line in conversion.held_locks()
    ]
    plan.warnings += dict.fromkeys(found)


def _left_behind(left: LeftBehind) -> str:
    caller, name = left.caller, f"`{left.function.name}`"
    around = f"`{caller.function.scope.qualified_name}`" if caller.function else "this file"
    where = f"{Path(caller.path).name}:{caller.line}"
    if not caller.certain:
        return f"{where}: {around} may call {name}."
    if caller.is_call:
        return f"{where}: {around} calls {name} without being able to await it."
    return f"{where}: {around} uses {name}, and must expect that it is async."


# The edits.


def finish(
    prepared: Prepared, about: Answer, choices: Mapping[int, tuple[Choice, float]]
) -> Rewrite:
    """The edits with what was chosen for open calls, by their ids, and how likely it was; none if
    they don't pass the checks. Raises LinterFailed."""
    program, plan = prepared.program, prepared.plan
    chosen = {call: choice for call, (choice, _) in choices.items()}
    rewritten = [
        _tidied(each) for each in rewrite(program, plan, chosen, prepared.names, prepared.packages)
    ]
    checks = _checked(prepared, rewritten)
    sound = all(check.passed for check in checks)
    changed = [each for each in rewritten if each.before != each.after] if sound else []
    return Rewrite(
        **{
            **{
                name: getattr(about, name) for name in ("file", "symbol", "range", "model", "usage")
            },
            "action": "make-async",
            "source": "model" if choices else "rules",
            "markdown": _summary(prepared, checks),
            "edits": tuple(edit for each in changed for edit in _text_edits(each)),
            "diff": "".join(
                unified_diff(program.files.relative(each.path), each.before, each.after)
                for each in changed
            ),
            "decisions": tuple(_decisions(prepared, choices)),
            "checks": tuple(checks),
            "warnings": tuple(plan.warnings),
            "callers": tuple(
                Place(
                    each.path,
                    each.line,
                    each.function.scope.qualified_name if each.function else "",
                )
                for each in dict.fromkeys(left.caller for left in plan.synchronous)
            ),
            "texts": tuple((each.path, each.before) for each in changed),
        }
    )


def _tidied(rewritten: Rewritten) -> Rewritten:
    """Without the imports that nothing uses any more."""
    name = Path(rewritten.path).name
    before = {each.message for each in lint(rewritten.before, name=name, rules=[UNUSED_IMPORT])}
    edits = [
        edit
        for each in lint(rewritten.after, name=name, rules=[UNUSED_IMPORT])
        if each.message not in before
        for edit in each.fix
    ]
    unique = list(dict.fromkeys(edits))
    after = apply(rewritten.after, unique) if unique else rewritten.after
    return replace(rewritten, after=after)


def _text_edits(rewritten: Rewritten) -> list[TextEdit]:
    return [
        TextEdit(rewritten.path, rewritten.before.range(edit.span, Encoding.UTF16), edit.new)
        for edit in between(rewritten.before, rewritten.after)
    ]


def _checked(prepared: Prepared, rewritten: Sequence[Rewritten]) -> list[Check]:
    found: list[Check] = []
    for each in rewritten:
        name, before, after = Path(each.path).name, each.before, each.after
        found += [
            rewrites.readable(name, before),
            rewrites.parses(name, before, after),
            rewrites.compiles(name, before, after),
            rewrites.layout(name, before, after),
            conversions.in_places(name, each, prepared.program.snapshots[each.path]),
        ]
        if found[-4].passed:
            found.append(rewrites.linted(name, before, after))
    if all(check.passed for check in found):
        found += conversions.checks(prepared.program, prepared.plan, prepared.names, rewritten)
    return rewrites.combined(found)


def _decisions(prepared: Prepared, choices: Mapping[int, tuple[Choice, float]]) -> list[Decision]:
    found = []
    for function, conversion in {**prepared.plan.members, **prepared.plan.others}.items():
        for node, choice in _by_rule(conversion):
            found.append(_decision(prepared.program, function, node, choice))
        for call in conversion.open_calls:
            choice, probability = choices.get(call.id, ("leave", None))
            made = _decision(prepared.program, function, call, choice)
            if call.id in choices:
                made = replace(made, by="model", probability=probability)
            found.append(made)
    return found


def _by_rule(conversion: Conversion) -> list[tuple[Node, str]]:
    found: list[tuple[Node, str]] = []
    for spelled in conversion.spellings.calls:
        to = spelled.spelling.to
        if to in (THREAD, LIST, WHOLE):
            found.append((spelled.use.whole, "to_thread"))
        elif to.startswith("await ") and spelled.use.whole.type == "call":
            found.append((spelled.use.whole, "await"))
    for call in conversion.calls:
        found.append((call.call, "to_thread" if call.how == "thread" else "await"))
    return sorted(found, key=lambda pair: pair[0].start_byte)


def _decision(program: Program, function: Function, node: Node, choice: str) -> Decision:
    span = Span(node.start_byte, node.end_byte)
    range_ = program.text(function.path).range(span, Encoding.UTF16)
    return Decision(function.path, range_, Code.of(node).quote(node), choice, "rule")


def _summary(prepared: Prepared, checks: Sequence[Check]) -> str:
    """What was done, in a few lines of Markdown."""
    plan = prepared.plan
    if failed := next((check for check in checks if not check.passed), None):
        return f"No edit: the check *{failed.name}* did not pass. {failed.detail}"
    names = ", ".join(f"`{each.scope.qualified_name}`" for each in plan.members)
    lines = [f"Makes {names} async."]
    kinds = {nature(target) for target in plan.targets} - {"coroutine"}
    if kinds:
        lines.append(f"Calling it gives an async {kinds.pop()}.")
    lines += [f"- {warning}" for warning in plan.warnings]
    return "\n".join(lines)
