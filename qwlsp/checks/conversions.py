"""Whether code that was made async is what it was, but for that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tree_sitter import Node

from qwlsp.checks import rewrites
from qwlsp.checks.rewrites import Check
from qwlsp.conversion.callers import callers
from qwlsp.conversion.imports import import_lines
from qwlsp.conversion.plan import Plan
from qwlsp.conversion.program import Function, Program
from qwlsp.conversion.rewriting import Rewritten, changed_lines
from qwlsp.conversion.values import outermost
from qwlsp.documents import Snapshot
from qwlsp.syntax.languages import PYTHON
from qwlsp.syntax.quote import docstring, node_text
from qwlsp.text import Text


def in_places(name: str, rewritten: Rewritten, snapshot: Snapshot) -> Check:
    """Only the lines of planned edits have changed, and imports. `snapshot` is the file before."""
    planned = changed_lines(rewritten.before, rewritten.edits) | import_lines(snapshot)
    return rewrites.in_places(name, rewritten.before, rewritten.after, planned)


def checks(
    program: Program, plan: Plan, names: Mapping[Function, str], rewritten: Sequence[Rewritten]
) -> list[Check]:
    """Headers are kept, and what became async is awaited wherever that is possible."""
    snapshots = {each.path: Snapshot(each.path, None, PYTHON.id, each.after) for each in rewritten}
    after = Program(program.files, {**program.snapshots, **snapshots})
    found = [Check("header", True), Check("awaited", True), Check("names", True)]
    for function in plan.members:
        found += _hidden(function, rewritten)
        new = _same(after, function, names.get(function, function.name))
        if new is None:
            found.append(Check("header", False, f"`{function.name}` would be lost."))
            continue
        found.append(_header(function, new))
        found += _awaited(after, new)
    return found


def _hidden(function: Function, rewritten: Sequence[Rewritten]) -> Iterator[Check]:
    """The modules that the new code needs, but whose names mean something else there."""
    around: Function | None = function
    while around is not None:
        for each in rewritten:
            if each.path == function.path and (taken := sorted(each.modules & around.bound)):
                detail = f"`{taken[0]}` is something else in `{around.name}`."
                yield Check("names", False, detail)
        around = around.around


def _same(after: Program, function: Function, name: str) -> Function | None:
    """The function in the new text."""
    around = function.scope.qualified_name.rpartition(".")[0]
    wanted = f"{around}.{name}" if around else name
    before = [f for f in after.functions(function.path) if f.scope.qualified_name == wanted]
    return before[0] if len(before) == 1 else next(iter(_by_order(before, function)), None)


def _by_order(found: list[Function], function: Function) -> Iterator[Function]:
    """Of several functions of one name, the one at the same place."""
    distance = {each.start: abs(each.start - function.start) for each in found}
    yield from sorted(found, key=lambda each: distance[each.start])


def _header(before: Function, after: Function) -> Check:
    same = (
        _parameters(before) == _parameters(after)
        and _decorators(before) == _decorators(after)
        and docstring(before.body) == docstring(after.body)
    )
    detail = "" if same else f"The header or docstring of `{before.name}` would change."
    return Check("header", same, detail)


def _decorators(function: Function) -> list[str]:
    return [each.replace("asynccontextmanager", "contextmanager") for each in function.decorators]


def _parameters(function: Function) -> str:
    return node_text(function.node.child_by_field_name("parameters"))


def _awaited(after: Program, function: Function) -> Iterator[Check]:
    for caller in callers(after, function):
        should_be = caller.is_async or (caller.function is None and not _is_run(caller.node))
        if not (caller.is_call and caller.certain and should_be):
            continue
        if not _is_awaited(caller.node, after.text(caller.path)):
            place = f"{caller.path.rpartition('/')[2]}:{caller.line}"
            detail = f"{place}: `{function.name}` would not be awaited there."
            yield Check("awaited", False, detail)


def _is_awaited(call: Node, text: Text) -> bool:
    # By the text, as the grammar reads `await x ** 2` as `await (x ** 2)`, and not `*await x`.
    if text.data[: call.start_byte].rstrip(b" \t\r\n\\(").endswith(b"await"):
        return True
    parent = outermost(call).parent
    if parent is not None and parent.type == "as_pattern":
        parent = parent.parent
    if parent is None:
        return False
    if parent.type in ("for_statement", "for_in_clause"):
        return parent.children[0].type == "async"
    return parent.type == "with_item"


def _is_run(call: Node) -> bool:
    """Whether it is the argument of a call, like that of `asyncio.run`."""
    return call.parent is not None and call.parent.type == "argument_list"
