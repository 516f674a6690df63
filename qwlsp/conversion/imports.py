"""Imports put where a person would: sorted into the section that they belong to."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tree_sitter import Node

from qwlsp.documents import Snapshot
from qwlsp.syntax.quote import node_text, parts
from qwlsp.syntax.scopes import walk
from qwlsp.syntax.tree import parse
from qwlsp.text import Span, Text

_PLAIN, _FROM, _FUTURE = "import_statement", "import_from_statement", "future_import_statement"
_DEFINITIONS = ("function_definition", "class_definition", "decorated_definition")


def with_module(text: Text, module: str) -> Text:
    """The text with `import module`, if it does not have that yet."""
    root = parse(text.data).root_node
    statements = _statements(root)
    if any(each.type == _PLAIN and module in _modules(each) for each in statements):
        return text
    section = [each for each in statements if _section(each) == _rank(module)]
    later = [
        each
        for each in section
        if each.type == _FROM or (each.type == _PLAIN and min(_modules(each)) > module)
    ]
    if later:
        return _line_before(text, later[0], f"import {module}")
    if section:
        return _line_after(text, section[-1], f"import {module}")
    return _new_section(text, root, statements, module)


def with_name_beside(text: Text, new: str, old: str) -> Text:
    """The text with `new` imported from the module that `old` is imported from."""
    for statement in walk(parse(text.data).root_node):
        names = statement.children_by_field_name("name") if statement.type == _FROM else []
        imported = [node_text(each) for each in names]
        if old in imported:
            return text if new in imported else _with_name(text, names, new)
    return text


def import_lines(snapshot: Snapshot) -> set[int]:
    """The lines, from 0, where imports stand in a file of Python, or may be put."""
    root = snapshot.tree.root_node
    # New ones go right above or below the docstring, a comment or the first statement.
    head = root.named_children[: len(_head(root)) + 1]
    found = {0, *(row for node in head for row in (node.start_point.row, node.end_point.row + 1))}
    for each in snapshot.outline.imports:
        node = root.descendant_for_byte_range(each.at, each.at + 1)
        while node is not None and node.type not in (_PLAIN, _FROM, _FUTURE):
            node = node.parent
        if node is not None:
            found.update(range(node.start_point.row, node.end_point.row + 2))
    return found


def _with_name(text: Text, names: list[Node], new: str) -> Text:
    later = next((each for each in names if _name_key(node_text(each)) > _name_key(new)), None)
    on_own_lines = len(names) > 1 and names[0].start_point.row != names[1].start_point.row
    if later is None:
        between = _indented_break(text, names[-1]) if on_own_lines else " "
        at = names[-1].end_byte
        return text.replace(Span(at, at), f",{between}{new}")
    between = _indented_break(text, later) if on_own_lines else " "
    return text.replace(Span(later.start_byte, later.start_byte), f"{new},{between}")


def _name_key(name: str) -> tuple[int, str]:
    """Constants, classes, then functions, as isort has them."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name


def _indented_break(text: Text, node: Node) -> str:
    start = text.starts[text.line_of(node.start_byte)]
    return _newline(text) + text.data[start : node.start_byte].decode()


def _statements(root: Node) -> list[Node]:
    """The imports at the top of a file, one after another."""
    found: list[Node] = []
    for child in root.named_children:
        is_docstring = child.type == "expression_statement" and not found
        if child.type in (_PLAIN, _FROM, _FUTURE):
            found.append(child)
        elif child.type != "comment" and not is_docstring:
            break
    return found


def _head(root: Node) -> list[Node]:
    """The comments and the docstring at the top of a file."""
    others = (i for i, node in enumerate(root.named_children)
              if node.type != "comment" and not _is_string(node))  # fmt: skip
    return root.named_children[: next(others, len(root.named_children))]


def _modules(statement: Node) -> list[str]:
    """What a plain import imports under its own name."""
    names = statement.children_by_field_name("name")
    return [node_text(each) for each in names if each.type == "dotted_name"] or [
        node_text(names[0])
    ]


def _section(statement: Node) -> int:
    if statement.type == _FUTURE:
        return -1
    if statement.type == _FROM:
        module = node_text(statement.child_by_field_name("module_name"))
    else:
        module = _modules(statement)[0].partition(" ")[0]
    return _rank(module)


def _rank(module: str) -> int:
    """0 for the standard library, 1 for other packages, 2 for relative imports."""
    if module.startswith("."):
        return 2
    return 0 if module.partition(".")[0] in sys.stdlib_module_names else 1


def _line_before(text: Text, node: Node, line: str) -> Text:
    at = text.starts[text.line_of(node.start_byte)]
    return text.replace(Span(at, at), line + _newline(text))


def _line_after(text: Text, node: Node, line: str) -> Text:
    end = text.line_span(text.line_of(node.end_byte)).end
    return text.replace(Span(end, end), _newline(text) + line)


def _new_section(text: Text, root: Node, statements: list[Node], module: str) -> Text:
    """An import that there is no section for yet, with empty lines around it."""
    newline = _newline(text)
    before = [each for each in statements if _section(each) < _rank(module)]
    after = [each for each in statements if _section(each) > _rank(module)]
    if before:
        return _line_after(text, before[-1], f"{newline}import {module}")
    if after:
        return _line_before(text, after[0], f"import {module}{newline}")
    anchor = _first(root, lambda node: node.type != "comment")
    if anchor is not None and _is_string(anchor):
        line = f"{newline}import {module}"
        return _line_after(text, anchor, line)
    if anchor is None:
        return Text.of(f"import {module}{newline}{text}")
    gap = newline * (2 if anchor.type in _DEFINITIONS else 1)
    return _line_before(text, _with_comments(root, anchor), f"import {module}{gap}")


def _with_comments(root: Node, anchor: Node) -> Node:
    """The first of the comments right above a statement, or the statement; comments from the first
    line on belong to the file."""
    first = anchor
    for child in reversed(root.named_children[: root.named_children.index(anchor)]):
        if child.type != "comment" or child.end_point.row + 1 < first.start_point.row:
            break
        if child.start_point.row == 0:
            return anchor
        first = child
    return first


def _first(root: Node, fits: Callable[[Node], bool]) -> Node | None:
    return next((each for each in root.named_children if fits(each)), None)


def _is_string(node: Node) -> bool:
    return node.type == "expression_statement" and any(p.type == "string" for p in parts(node))


def _newline(text: Text) -> str:
    return "\r\n" if b"\r\n" in text.data else "\n"
