"""Statements put into a block of their own, with what stands in their strings left as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import pairwise

from tree_sitter import Node

from qwlsp.conversion.writer import Writer
from qwlsp.syntax.scopes import walk


def wrap(writer: Writer, body: Node, nodes: Iterable[Node], header: str) -> None:
    """Put the statements of a function's body that hold `nodes`, and those between them, under
    `header`, which is a line without its colon."""
    places = [(node.start_byte, node.end_byte) for node in nodes]
    start, end = min(start for start, _ in places), max(end for _, end in places)
    statements = [child for child in body.children if child.is_named and not child.is_extra]
    inside = [each for each in statements if each.start_byte < end and start < each.end_byte]
    rows = {row for each in inside for row in (each.start_point.row, each.end_point.row)}
    # Statements on one line, with semicolons, can't be parted.
    inside = [
        each
        for each in statements
        if each in inside or rows & {each.start_point.row, each.end_point.row}
    ]
    first, last = inside[0], inside[-1]
    indent = writer.indent_of(first)
    unit = unit_of(writer, body)
    line = writer.text.starts[writer.text.line_of(first.start_byte)]
    writer.insert(line, f"{indent}{header}:{writer.newline}")
    for row in _rows(writer, body, first, last):
        writer.insert(writer.text.starts[row], unit, rank=1)


def async_with(writer: Writer, items: Collection[Node]) -> None:
    """Make the `with` statements of these items async. One with other items, too, is parted into
    statements inside each other, see `can_be_parted`."""
    chosen = {item.id for item in items}
    clauses = {item.parent.id: item.parent for item in items if item.parent is not None}
    for clause in clauses.values():
        statement = clause.parent
        if statement is None or statement.children[0].type == "async":
            continue
        entered = [each for each in clause.children if each.type == "with_item"]
        if entered[0].id in chosen:
            writer.before(statement, "async ")
        body = statement.child_by_field_name("body") or statement
        unit, depth = unit_of(writer, body), 0
        for item, following in pairwise(entered):
            if (item.id in chosen) != (following.id in chosen):
                depth += 1
                keyword = "async with" if following.id in chosen else "with"
                line = f":{writer.newline}{writer.indent_of(statement)}{unit * depth}{keyword} "
                writer.replace(item.end_byte, following.start_byte, line)
        for row in _rows(writer, body, body, body) if depth else ():
            writer.insert(writer.text.starts[row], unit * depth, rank=1)


def can_be_parted(item: Node) -> bool:
    """Whether the items of a `with` statement can become those of several ones: not if they stand
    in parentheses, or the body on their line."""
    clause = item.parent
    statement = clause.parent if clause is not None else None
    if clause is None or statement is None:
        return False
    body = statement.child_by_field_name("body")
    is_one_line = body is not None and body.start_point.row == clause.end_point.row
    return not is_one_line and clause.children[0].type != "("


def unit_of(writer: Writer, body: Node) -> str:
    """One step of indentation, as the function is written."""
    outer = body.parent
    inner = writer.indent_of(body)
    around = writer.indent_of(outer) if outer else ""
    return inner.removeprefix(around) or "    "


def _rows(writer: Writer, body: Node, first: Node, last: Node) -> list[int]:
    """The lines from one statement to another that are to be indented."""
    text = writer.text
    start, end = text.line_of(first.start_byte), text.line_of(last.end_byte)
    in_strings: set[int] = set()
    for node in walk(body):
        if node.type == "string":
            rows = range(text.line_of(node.start_byte) + 1, text.line_of(node.end_byte) + 1)
            in_strings.update(rows)
    return [
        row
        for row in range(start, end + 1)
        if row not in in_strings and text.slice(text.line_span(row)).strip()
    ]
