"""Syntax trees, parsed afresh or from the tree of an earlier text.

A reparse gives the tree that a fresh parse would, in a fraction of the time. Tree-sitter alone does
not promise that: what stands in a tree with errors, and how the parser recovers from errors beside
what it reuses, may differ. So only a tree without errors is reused, and only a result without
errors is kept.

One difference is left, where Python's grammar has two readings: `return a, *b[c]` may be read as
`(*b)[c]`, and in `a = b, c` with `[d, e] = f` on the next line, a subscript may run over the line's
end. Which of them a parse takes, even a fresh one, hangs on what stands around it, and a reparse
may keep the other. (https://github.com/tree-sitter/tree-sitter-python/issues/314 has the first.)
"""

from __future__ import annotations

from tree_sitter import Parser, Tree

from qwlsp.syntax.languages import PYTHON, Language, grammar
from qwlsp.text import Span

MAX_NESTING = 20_000
"""Brackets in brackets. In JavaScript, tree-sitter overflows its stack not far beyond."""

_OPENING = (b"(", b"[", b"{")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"([{}])"))


def can_be_parsed(data: bytes) -> bool:
    """Whether `data` is nested no deeper than a parser can follow."""
    if sum(map(data.count, _OPENING)) <= MAX_NESTING:
        return True  # nearly always, and at once
    return nesting(data) <= MAX_NESTING


def nesting(data: bytes) -> int:
    """How many brackets are open at once, at most; those in strings and comments count too."""
    depth = deepest = 0
    for bracket in data.translate(None, _ALL_BUT_BRACKETS):
        if bracket in b"([{":
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    return deepest


def parse(data: bytes, language: Language = PYTHON) -> Tree:
    """The tree of `data` in UTF-8, which has error nodes where it is not valid.

    `language` is one that has a grammar.
    """
    return Parser(grammar(language)).parse(data)


def edited(tree: Tree, before: bytes, span: Span, after: bytes) -> Tree:
    """A copy of `tree` whose nodes moved as the edit moved their bytes, for `reparse`.

    The edit replaced `span` of `before` and gave `after`.
    """
    new_end = span.end + len(after) - len(before)
    start_point = _moved((0, 0), before[: span.start])
    copy = tree.copy()
    copy.edit(
        span.start,
        span.end,
        new_end,
        start_point,
        _moved(start_point, before[span.start : span.end]),
        _moved(start_point, after[span.start : new_end]),
    )
    return copy


def reparse(stale: Tree, data: bytes) -> Tree:
    """The tree of `data` in the same language, reusing what did not change of `stale`.

    `stale` is a tree without errors, on which `edited` recorded every edit up to `data`.
    """
    parser = Parser(stale.language)
    tree = parser.parse(data, stale)
    return parser.parse(data) if tree.root_node.has_error else tree


def _moved(point: tuple[int, int], data: bytes) -> tuple[int, int]:
    """Where tree-sitter is after `data` from `point`: rows end at "\\n" only, columns are bytes."""
    row, column = point
    if newlines := data.count(b"\n"):
        return row + newlines, len(data) - data.rindex(b"\n") - 1
    return row, column + len(data)
