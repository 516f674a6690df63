"""A text drawing of the branches and loops of a function, class body or module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import TypeAlias

from tree_sitter import Node

from qwlsp.syntax.facts import parameters, signature
from qwlsp.syntax.quote import Code, docstring, shorten
from qwlsp.syntax.scopes import Scope, walk_scope

_MOST_ROWS = 58
_INDENT = 3  # characters for each level of nesting
_LEAST_TEXT = 24  # characters that stay for the code on the deepest level

# What is drawn under a line: a statement to draw with its blocks, or a finished line.
_Step: TypeAlias = Node | str


def flowchart(scope: Scope, *, width: int = 72) -> str:
    """Draw the flow of `scope` with box characters, in lines of at most `width` characters.

    Statements without control flow are folded into a count, long code ends in "…", and what goes
    beyond about 60 lines or too many levels is left out, which the drawing says.
    """
    rows = list(_rows(scope, width))
    left_out = len(rows) - _MOST_ROWS
    if left_out > 0:
        rows[_MOST_ROWS:] = [(1, f"… {left_out} more {'line' if left_out == 1 else 'lines'}")]
    return "\n".join([shorten(_title(scope), width), *_drawn(rows, width)])


def _title(scope: Scope) -> str:
    if scope.kind != "function":
        return f"class {scope.name}" if scope.kind == "class" else "module"
    names = [replace(each, annotation=None, default=None) for each in parameters(scope)]
    return signature(scope.name, names)


def _rows(scope: Scope, width: int) -> Iterator[tuple[int, str]]:
    """Yield the lines below the title: the level of nesting, from 1, and the text."""
    code = Code.of(scope.syntax)
    deepest = max(1, (width - _LEAST_TEXT) // _INDENT)
    body = scope.syntax.child_by_field_name("body") or scope.syntax
    first = 1 if docstring(body) else 0
    pending: list[tuple[int, _Step]] = [(1, step) for step in _steps(code, body, width, first)]
    pending.reverse()
    while pending:
        level, step = pending.pop()
        if isinstance(step, str):
            yield level, step
            continue
        yield level, _header(code, step, width) + _note(step)
        following: list[tuple[int, _Step]] = []
        for child in step.named_children:
            if child.type in _CLAUSES:
                following.append((level, child))
            elif child.type == "block":
                inner = _steps(code, child, width) if level < deepest else ["…"]
                following += [(level + 1, each) for each in inner]
        pending += reversed(following)


def _steps(code: Code, block: Node, width: int, first: int = 0) -> Iterator[_Step]:
    """Yield what to draw for the statements of `block` from number `first` on.

    Runs of statements without control flow become a count, as do the definitions of a module.
    """
    statements = [child for child in block.named_children if child.type != "comment"]
    for kind, group in groupby(statements[first:], _kind):
        run = list(group)
        if kind == "block":
            yield from run
        elif kind == "error":
            yield "… code with a syntax error"
        elif len(run) == 1 or kind == "jump" or (kind == "definition" and block.type == "block"):
            yield from (_line(code, statement, width) for statement in run)
        else:
            yield f"… {len(run)} {kind}s"


_CLAUSES = ("elif_clause", "else_clause", "except_clause", "finally_clause", "case_clause")
_KINDS = {
    **dict.fromkeys(_CLAUSES, "block"),
    "if_statement": "block",
    "for_statement": "block",
    "while_statement": "block",
    "try_statement": "block",
    "with_statement": "block",
    "match_statement": "block",
    "return_statement": "jump",
    "raise_statement": "jump",
    "break_statement": "jump",
    "continue_statement": "jump",
    "import_statement": "import",
    "import_from_statement": "import",
    "future_import_statement": "import",
    "function_definition": "definition",
    "class_definition": "definition",
    "decorated_definition": "definition",
    "ERROR": "error",
}


def _kind(statement: Node) -> str:
    if kind := _KINDS.get(statement.type):
        return kind
    yields = any(node.type == "yield" for node in walk_scope(statement))
    return "jump" if yields else "statement"


def _line(code: Code, statement: Node, width: int) -> str:
    definition = statement.child_by_field_name("definition") or statement
    if _KINDS.get(definition.type) == "definition":
        return _header(code, definition, width)
    return code.quote(statement, width)


def _header(code: Code, statement: Node, width: int) -> str:
    """Return a compound statement up to the colon that opens its block."""
    colon = next((child for child in statement.children if child.type == ":"), None)
    end = colon.start_byte if colon else statement.end_byte
    return code.between(statement.start_byte, end, width)


_ELSE = {
    "for_statement": " (if no break)",
    "while_statement": " (if no break)",
    "try_statement": " (if no exception)",
}


def _note(step: Node) -> str:
    parent = step.parent if step.type == "else_clause" else None
    return _ELSE.get(parent.type, "") if parent else ""


def _drawn(rows: Iterable[tuple[int, str]], width: int) -> list[str]:
    lines: list[str] = []
    going_on: set[int] = set()  # the levels that have another line further down
    for level, text in reversed(list(rows)):
        rails = "".join("│  " if outer in going_on else "   " for outer in range(1, level))
        corner = "├─ " if level in going_on else "└─ "
        lines.append(shorten(rails + corner + text, width))
        going_on = {outer for outer in going_on if outer < level} | {level}
    return lines[::-1]
