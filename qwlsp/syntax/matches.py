"""The matches of a language's queries in a tree, put together by what they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tree_sitter import Node, Query, QueryCursor, Tree

from qwlsp.syntax.languages import Language, query
from qwlsp.text import Span

DefinitionKind = Literal["function", "class", "variable"]
Captures: TypeAlias = dict[str, list[Node]]

LEVELS = 2
"""How far below a file, a body or a block patterns of definitions and blocks start."""

DEEPEST = 30_000
"""Levels. Below that, a query cursor, which counts them in 16 bits, takes quadratic time."""

LONGEST_RUN = 2_000
"""Punctuation marks in a row among the children of an error. A query cursor looks from each for the
next node that is something else, which takes quadratic time."""

_KINDS: dict[str, DefinitionKind] = {
    "definition.function": "function",
    "definition.class": "class",
    "definition.variable": "variable",
}


@dataclass
class Found:
    """What the matches with one name say of a definition, from byte `start` to `end`.

    `kind` and `node` are None while only something around it was found; `node` is without that.
    """

    name: Node
    start: int
    end: int
    kind: DefinitionKind | None = None
    node: Node | None = None
    pattern: int = -1
    opening: Node | None = None
    body: Node | None = None


@dataclass
class Matches:
    """The matches in a file, unordered.

    `definitions` are by where their names start; `decorators` are spans; `imports` are captures,
    each with what its pattern sets.
    """

    definitions: dict[int, Found] = field(default_factory=dict)
    decorators: list[tuple[int, int]] = field(default_factory=list)
    imports: list[tuple[Captures, Mapping[str, str | None]]] = field(default_factory=list)


def match(tree: Tree, data: bytes, language: Language) -> Matches:
    """The matches outside functions.

    Functions hold most of a file's nodes, so they are not walked: only the upper levels of the
    file, of each block, and of the body of each definition that is no function.
    """
    result = Matches()
    patterns = query(language, "outline")
    cursor = _cursor(patterns)
    cursor.set_max_start_depth(LEVELS)
    pending = [] if _is_noise(tree.root_node) else [tree.root_node]
    seen: set[int] = set()
    while pending:
        for pattern, captured in cursor.matches(pending.pop()):
            inner = captured.get("block") or captured.get("body")
            if inner and "definition.function" not in captured and inner[0].id not in seen:
                seen.add(inner[0].id)
                pending.append(inner[0])
            _add(result, patterns, pattern, captured)
    _take_in_decorators(result, data)
    return result


def match_around(tree: Tree, data: bytes, language: Language, span: Span) -> Matches:
    """The matches outside functions, and of those inside functions the ones that touch `span`."""
    result = match(tree, data, language)
    if not _is_noise(tree.root_node):
        patterns = query(language, "outline")
        cursor = _cursor(patterns)
        cursor.set_byte_range(span.start, max(span.end, span.start + 1))
        for pattern, captured in cursor.matches(tree.root_node):
            _add(result, patterns, pattern, captured)
    return result


def match_imports(node: Node, language: Language, result: Matches) -> None:
    """Add the imports in `node`, however deep they are."""
    patterns = query(language, "imports")
    for pattern, captured in _cursor(patterns).matches(node):
        _add(result, patterns, pattern, captured)


def _take_in_decorators(result: Matches, data: bytes) -> None:
    """Let a definition that starts with a decorator start with the first of those in a row."""
    starts = {start for start, _ in result.decorators}
    by_end = {end: start for start, end in result.decorators}
    for found in result.definitions.values():
        while found.start in starts:
            end = found.start
            while end and data[end - 1] in b" \t\r\n":
                end -= 1
            if end not in by_end:
                break
            found.start = by_end[end]


def captures(tree: Tree, language: Language, purpose: Literal["calls", "comments"]) -> list[Node]:
    """The nodes of all matches that serve `purpose`, unordered."""
    if _is_noise(tree.root_node):
        return []
    found = _cursor(query(language, purpose)).captures(tree.root_node)
    return found.get(purpose.removesuffix("s"), [])


def _cursor(patterns: Query) -> QueryCursor:
    cursor = QueryCursor(patterns)
    cursor.set_max_start_depth(DEEPEST)
    return cursor


def _is_noise(root: Node) -> bool:
    """Whether a query would take too long, because of what is no code anyway."""
    pending = [root] if root.has_error else []
    while pending:
        children = pending.pop().children
        run = 0
        for child in children:
            run = 0 if child.is_named else run + 1
            if run > LONGEST_RUN:
                return True
            if child.has_error:
                pending.append(child)
    return False


def _add(result: Matches, patterns: Query, pattern: int, captured: Captures) -> None:
    if "name" in captured:
        _merge(result.definitions, pattern, captured)
    elif "decorator" in captured:
        result.decorators.append(captured["decorator"][0].byte_range)
    elif "block" not in captured:
        result.imports.append((captured, patterns.pattern_settings(pattern)))


def _merge(definitions: dict[int, Found], pattern: int, captured: Captures) -> None:
    """Add a match to what is known of the definition with its name."""
    name = captured.pop("name")[0]
    found = definitions.get(name.start_byte)
    if found is None:
        found = definitions[name.start_byte] = Found(name, *name.byte_range)
    if opening := captured.pop("opening", None):
        found.opening = opening[0]
    if body := captured.pop("body", None):
        found.body = body[0]
    for capture, nodes in captured.items():
        kind = _KINDS.get(capture)
        if kind and pattern > found.pattern:
            found.kind, found.node, found.pattern = kind, nodes[0], pattern
        if kind or capture == "outer":
            found.start = min(found.start, nodes[0].start_byte)
            found.end = max(found.end, nodes[-1].end_byte)
