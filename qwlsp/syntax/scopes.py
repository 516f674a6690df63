"""Functions, classes and the module: which code belongs to which.

Python's are found by walking its tree; those of other languages, by their queries.

Every function here is iterative, because brackets and blocks in a buffer may be nested deeper than
Python's stack, and works on trees with syntax errors: what parsed is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node, Tree, TreeCursor

from qwlsp.syntax.languages import Language
from qwlsp.syntax.outline import Place, definitions_around
from qwlsp.syntax.quote import node_text
from qwlsp.text import Span, Text

Kind = Literal["function", "class", "module", "block"]

_KINDS: dict[str, Kind] = {"function_definition": "function", "class_definition": "class"}
_CLOSED = (*_KINDS, "lambda")  # what has a scope of its own


@dataclass(frozen=True)
class Scope:
    """One function, class, whole module, or block of a text without a grammar.

    `span` covers the decorators; `header` runs from the first decorator, or `def` or `class`, to
    the colon that opens the body (empty at the start of a module or block). `qualified_name` joins
    the names of the definitions around it with dots. `node` is the `function_definition`,
    `class_definition` or `module` itself, so without the decorators, or None without a grammar.
    """

    kind: Kind
    name: str
    qualified_name: str
    span: Span
    header: Span
    name_span: Span | None
    node: Node | None

    @property
    def syntax(self) -> Node:
        """The node of a scope that was parsed. Raises ValueError for text without a grammar."""
        if self.node is None:
            raise ValueError("There is no syntax tree of this text.")
        return self.node


def scopes(tree: Tree) -> list[Scope]:
    """Return all functions and classes in source order, an outer one before its inner ones."""
    return list(_definitions(walk(tree.root_node)))


def inside(scope: Scope) -> list[Scope]:
    """Return the functions and classes defined directly in `scope`, in source order.

    Their qualified names start at `scope`'s own. Definitions in the scope's `if`, `try` and other
    blocks count; those inside another definition do not.
    """
    body = scope.syntax.child_by_field_name("body") or scope.syntax
    parents = [scope] if scope.kind != "module" else []
    return list(_definitions(walk_scope(body), parents))


def enclosing(tree: Tree, span: Span) -> Scope:
    """Return the smallest function that covers `span`, else the smallest class, else the module.

    `span` is in bytes, and blanks at its ends do not count: the indentation before a statement and
    the blanks after it belong to the statement. A class that holds `span` in its header wins over
    a function around it.
    """
    root = tree.root_node
    span = _without_blanks(root, span)
    return _smallest(list(_definitions(_path(root, span))), span) or module(tree)


def module(tree: Tree) -> Scope:
    """Return the scope of the whole file."""
    root = tree.root_node
    return Scope("module", "", "", Span(0, root.end_byte), Span(0, 0), None, root)


def enclosing_by_queries(tree: Tree, data: bytes, language: Language, span: Span) -> Scope:
    """Return what `enclosing` does, for any language with a grammar; `data` is all of the file.

    Functions are those that have a name, or are the value of one: code in a callback belongs to
    the function around it.
    """
    span = _without_blanks(tree.root_node, span)
    around = [_placed(each) for each in definitions_around(tree, data, language, span)]
    return _smallest(around, span) or module(tree)


def block(text: Text, span: Span) -> Scope:
    """Return the scope of `span` of a text without a grammar: a block, or the whole text."""
    whole = Span(0, len(text.data))
    kind: Kind = "module" if span == whole else "block"
    return Scope(kind, "", "", span, Span(span.start, span.start), None, None)


def walk(root: Node) -> Iterator[Node]:
    """Yield `root` and all nodes below it in source order, parents first."""
    cursor = root.walk()
    yield root
    while _next(cursor, enter=True):
        yield _at(cursor)


def walk_scope(body: Node) -> Iterator[Node]:
    """Yield like `walk`, but nothing from inside the functions, classes and lambdas in `body`."""
    cursor = body.walk()
    node = body
    yield node
    while _next(cursor, enter=node.type not in _CLOSED):
        node = _at(cursor)
        yield node


def _next(cursor: TreeCursor, *, enter: bool) -> bool:
    if enter and cursor.goto_first_child():
        return True
    while not cursor.goto_next_sibling():
        if not cursor.goto_parent():
            return False
    return True


def _at(cursor: TreeCursor) -> Node:
    node = cursor.node
    assert node is not None  # a cursor always stands on a node
    return node


def _path(root: Node, span: Span) -> Iterator[Node]:
    """Yield the nodes that cover `span`, from the root down; a definition covers its decorators."""
    cursor = root.walk()
    node = root
    while _covers(Span(node.start_byte, node.end_byte), span):
        yield node
        definition = node.child_by_field_name("definition")
        if definition and span.start < definition.start_byte:
            yield definition
            return
        if cursor.goto_first_child_for_byte(span.start) is None:
            return
        node = _at(cursor)


def _definitions(nodes: Iterable[Node], parents: Iterable[Scope] = ()) -> Iterator[Scope]:
    """Yield the definitions among `nodes`, which come in source order, parents first."""
    around = list(parents)
    decorated: Node | None = None
    for node in nodes:
        if node.type == "decorated_definition":
            decorated = node
        elif node.type in _KINDS:
            while around and around[-1].span.end <= node.start_byte:
                around.pop()
            scope = _definition(node, decorated or node, around[-1] if around else None)
            decorated = None
            around.append(scope)
            yield scope


def _definition(node: Node, outer: Node, parent: Scope | None) -> Scope:
    """Make the scope of a definition; `outer` is the node that holds its decorators too."""
    name_node = node.child_by_field_name("name")
    name = node_text(name_node)
    colon = next((child for child in node.children if child.type == ":"), None)
    return Scope(
        kind=_KINDS[node.type],
        name=name,
        qualified_name=f"{parent.qualified_name}.{name}" if parent else name,
        span=Span(outer.start_byte, outer.end_byte),
        header=Span(outer.start_byte, (colon or node).end_byte),
        name_span=Span(name_node.start_byte, name_node.end_byte) if name_node else None,
        node=node,
    )


def _placed(place: Place) -> Scope:
    definition = place.definition
    return Scope(
        kind="class" if definition.kind == "class" else "function",
        name=definition.name,
        qualified_name=definition.qualified_name,
        span=definition.span,
        header=definition.header,
        name_span=place.name,
        node=place.node,
    )


def _smallest(around: Sequence[Scope], span: Span) -> Scope | None:
    """Return the scope to which `span` belongs, of those that cover it, the outermost first."""
    for scope in reversed(around):
        if scope.kind == "function" or _covers(scope.header, span):
            return scope
    return around[-1] if around else None


def _covers(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _without_blanks(root: Node, span: Span) -> Span:
    """Return the bytes that `span` means: itself without blanks at its ends, and for an empty or
    blank one, the byte that it touches on its line (none on a blank line)."""
    data = _source(root)
    touched = data[span.start : span.end]
    if inner := touched.strip():
        start = span.start + touched.index(inner)
        return Span(start, start + len(inner))
    at = min(span.start, len(data))
    left = data[:at].rpartition(b"\n")[2].rpartition(b"\r")[2]
    right = data[at:].partition(b"\n")[0].partition(b"\r")[0].rstrip()
    in_indentation = not left.strip()
    if right and (in_indentation or not right[:1].isspace()):
        start = at + len(right) - len(right.lstrip())
        return Span(start, start + 1)
    if in_indentation:
        return Span(at, at)
    end = at - len(left) + len(left.rstrip())
    return Span(end - 1, end)


def _source(root: Node) -> bytes:
    """Return the file's bytes; its leading blanks, which no node holds, as newlines and spaces."""
    indentation = root.start_point.column
    return b"\n" * (root.start_byte - indentation) + b" " * indentation + (root.text or b"")
