"""The edits that carry out a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

from tree_sitter import Node

from qwlsp.conversion import headers, imports
from qwlsp.conversion.blocks import async_with, unit_of, wrap
from qwlsp.conversion.headers import unused_name
from qwlsp.conversion.origins import MADE
from qwlsp.conversion.places import generators_around
from qwlsp.conversion.plan import Conversion, Plan, ProjectCall
from qwlsp.conversion.program import Function, Program
from qwlsp.conversion.values import outermost
from qwlsp.conversion.writer import Writer
from qwlsp.edits import Edit, apply
from qwlsp.syntax.quote import node_text
from qwlsp.text import Text

Choice = Literal["await", "to_thread", "leave"]
"""What becomes of a call of which nothing is known."""


@dataclass(frozen=True)
class Rewritten:
    """A file as it was and as it becomes; `edits` are those to the code, without imports."""

    path: str
    before: Text
    after: Text
    edits: tuple[Edit, ...]
    modules: frozenset[str] = frozenset()
    """What the new code needs."""


@dataclass
class _File:
    """What is to change in one file."""

    writer: Writer
    beside: dict[str, str] = field(default_factory=dict)
    """Names to import from where the other is imported from."""
    lists: dict[int, Node] = field(default_factory=dict)
    """Generator expressions that become lists, by their ids."""


def rewrite(
    program: Program,
    plan: Plan,
    choices: Mapping[int, Choice],
    names: Mapping[Function, str],
    packages: Set[str],
) -> list[Rewritten]:
    """The changed files. `choices` are for the ids of open calls; `names` are new names of
    functions; `packages` are those that new code may use."""
    files: defaultdict[str, _File] = defaultdict()
    conversions = [*plan.members.values(), *plan.others.values()]
    paths = [each.function.path for each in conversions] + [each.path for each in plan.scripts]
    for path in paths:
        files.setdefault(path, _File(Writer(program.text(path), packages)))
    for function, conversion in plan.members.items():
        _convert(files[function.path], conversion, choices, names)
    for function, conversion in plan.others.items():
        for spelled in conversion.spellings.calls:
            files[function.path].writer.used(spelled.use, spelled.spelling)
        _project_calls(files[function.path], conversion.calls, names)
    for shared in plan.shared:
        files[shared.path].writer.made(shared.made.use.whole, shared.made.spelling, {})
    for caller in plan.scripts:
        writer = files[caller.path].writer
        writer.before(caller.node, "asyncio.run(")
        writer.behind(caller.node, ")")
    return [_finished(program, path, file) for path, file in files.items()]


def _finished(program: Program, path: str, file: _File) -> Rewritten:
    for generator in file.lists.values():
        _as_list(file.writer, generator)
    async_with(file.writer, file.writer.async_items.values())
    before, edits = program.text(path), file.writer.edits()
    after = apply(before, edits)
    for new, old in sorted(file.beside.items()):
        after = imports.with_name_beside(after, new, old)
    for module in sorted(file.writer.modules):
        after = imports.with_module(after, module)
    return Rewritten(path, before, after, tuple(edits), frozenset(file.writer.modules))


def _convert(
    file: _File,
    conversion: Conversion,
    choices: Mapping[int, Choice],
    names: Mapping[Function, str],
) -> None:
    writer, function = file.writer, conversion.function
    name = names.get(function, function.name)
    asynchronous = {each.call.id for each in conversion.calls if each.how == "async for"}
    file.beside |= headers.make_async(writer, function, name, asynchronous)
    clients = _clients(writer, conversion)
    for spelled in conversion.spellings.calls:
        use, spelling = spelled.use, spelled.spelling
        if use.name == MADE:
            writer.made(use.whole, spelling, clients)
        else:
            writer.used(use, spelling)
        if spelling.first:
            _first_in_with(writer, function, use.whole, spelling.first)
        if spelling.to != "keep":
            _make_lists(file, use.whole)
    for node, new in conversion.spellings.names:
        writer.rename(node, new)
    _project_calls(file, conversion.calls, names)
    for call in conversion.open_calls:
        choice = choices.get(call.id, "leave")
        if choice == "await":
            writer.awaited(call)
        elif choice == "to_thread":
            writer.in_thread(call)
        if choice != "leave":
            _make_lists(file, call)


def _clients(writer: Writer, conversion: Conversion) -> dict[str, str]:
    """Put the calls that need a client into a block that opens it; the clients' names."""
    blocks: defaultdict[str, list[Node]] = defaultdict(list)
    calls = conversion.spellings.calls
    for each in calls:
        if each.spelling.around:
            blocks[each.spelling.around].append(each.use.whole)
    names = {}
    for around, nodes in blocks.items():
        opening, _, wanted = around.rpartition(" as ")
        name = names[wanted] = unused_name(conversion.function, wanted)
        # What is read later from an answer needs the client, too.
        later = [each.use.whole for each in calls if each.spelling.to.startswith("await {value}")]
        waits = [e.use.whole for e in calls if e.use.name != MADE and "await" in e.spelling.to]
        wrap(writer, conversion.function.body, [*nodes, *later, *waits], f"{opening} as {name}")
    return names


def _first_in_with(writer: Writer, function: Function, call: Node, line: str) -> None:
    """Put a line at the start of the `with` statement whose context a call is, which stands in a
    block that opens the client."""
    pattern = outermost(call).parent
    alias = pattern.child_by_field_name("alias") if pattern is not None else None
    statement = pattern
    while statement is not None and statement.type != "with_statement":
        statement = statement.parent
    body = statement.child_by_field_name("body") if statement is not None else None
    if alias is None or body is None:
        return
    new = line.replace("{name}", node_text(alias))
    if body.start_point.row == call.start_point.row:
        writer.insert(body.start_byte, f"{new}; ")
        return
    start = writer.text.starts[writer.text.line_of(body.start_byte)]
    indent = writer.indent_of(body) + unit_of(writer, function.body)
    writer.insert(start, f"{indent}{new}{writer.newline}")


def _project_calls(file: _File, calls: list[ProjectCall], names: Mapping[Function, str]) -> None:
    writer = file.writer
    for each in calls:
        call = each.call
        outer = outermost(call)
        function = call.child_by_field_name("function")
        if each.callee in names and function is not None and each.how != "unwrap":
            writer.rename(function.child_by_field_name("attribute") or function, names[each.callee])
        if each.how == "await":
            writer.awaited(call)
        elif each.how == "thread":
            writer.in_thread(call)
        elif each.how == "async with":
            pattern = outer.parent
            in_pattern = pattern is not None and pattern.type == "as_pattern"
            item = pattern.parent if pattern is not None and in_pattern else pattern
            writer.make_async(item or outer)
        elif each.how == "async for" and outer.parent is not None:
            if outer.parent.type != "yield":
                writer.make_async(outer.parent)
        elif each.how == "collect":
            _collect(writer, outer)
        elif each.how == "unwrap":
            _unwrap(writer, call)
        if each.how in ("await", "thread", "unwrap", "async for"):
            _make_lists(file, call, is_iterated=each.how == "async for")


def _collect(writer: Writer, generator: Node) -> None:
    """Give a function all that an async generator yields, as a list."""
    call = generator.parent.parent if generator.parent else None
    name = node_text(call.child_by_field_name("function")) if call else ""
    new = "[item async for item in "
    if call is not None and name == "list":
        writer.replace(call.start_byte, generator.start_byte, new)
        writer.replace(generator.end_byte, call.end_byte, "]")
    else:
        writer.before(generator, new)
        writer.behind(generator, "]")


def _unwrap(writer: Writer, call: Node) -> None:
    """`asyncio.run(f())` becomes `await f()`."""
    arguments = call.child_by_field_name("arguments")
    inner = arguments.named_children[0] if arguments is not None else call
    writer.awaited(call)
    writer.replace(call.start_byte, inner.start_byte, "")
    writer.replace(inner.end_byte, call.end_byte, "")


def _make_lists(file: _File, call: Node, *, is_iterated: bool = False) -> None:
    for generator in generators_around(call):
        file.lists[generator.id] = generator
    clause = outermost(call).parent if is_iterated else None
    around = clause.parent if clause is not None and clause.type == "for_in_clause" else None
    if around is not None and around.type == "generator_expression":
        file.lists[around.id] = around


def _as_list(writer: Writer, generator: Node) -> None:
    """Make a generator expression, which is an argument, a list."""
    start, end = generator.start_byte, generator.end_byte
    is_alone = generator.parent is not None and generator.parent.type == "call"
    writer.replace(start, start + 1, "([" if is_alone else "[")
    writer.replace(end - 1, end, "])" if is_alone else "]")


def changed_lines(text: Text, edits: tuple[Edit, ...]) -> set[int]:
    """The lines of a text, from 0, that edits of it touch."""
    return {
        line
        for edit in edits
        for line in range(text.line_of(edit.span.start), text.line_of(edit.span.end) + 1)
    }
