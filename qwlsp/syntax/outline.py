"""What a file defines, imports, calls and says in comments, found by its language's queries.

The queries run in C, in linear time, and Python sees only their matches. Texts are cut from the
file's bytes, because asking deeply nested nodes for theirs takes quadratic time.
"""

from __future__ import annotations

import inspect
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter

from tree_sitter import Node, Tree

from qwlsp.syntax.languages import PYTHON, Language
from qwlsp.syntax.matches import (
    Captures,
    DefinitionKind,
    Found,
    Matches,
    captures,
    match,
    match_around,
    match_imports,
)
from qwlsp.syntax.quote import Code, docstring, shorten
from qwlsp.text import Span

IMPORT_WORDS = (b"import", b"require(", b"include")
"""A function in which none of these occurs is not searched for imports, which saves walking it."""

LONGEST_SIGNATURE = 200  # characters
LONGEST_NAME = 200  # characters, also of a qualified name before its last part
LONGEST_COMMENT = 20_000  # bytes; a longer one before a definition is no docstring


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A function or method, a class or what is like one, or a variable of a module or class.

    `span` runs from the first decorator (in JavaScript, from `export`) to the end, and `header`
    from there through what opens the body, a colon, brace or arrow; a variable's is all of it.
    `qualified_name` joins the names of the definitions around it with dots. `lines` are the first
    and the last one of `span`, from 1. `signature` is the header on one line, without decorators
    and what opens the body, cut to 200 characters. `docstring` is "" if there is none.
    """

    kind: DefinitionKind
    name: str
    qualified_name: str
    span: Span
    header: Span
    lines: tuple[int, int]
    signature: str
    docstring: str


@dataclass(frozen=True, kw_only=True)
class Import:
    """A name that an import binds, or passes on as `export … from` does.

    `name` is what it is called here ("np", "a" for `import a.b`, "*" for all names), `module` the
    module as written ("a.b", "..a", in JavaScript "./a"), and `member` what is imported of it
    ("*" for all names, "default" for JavaScript's default export), or None for the module itself.
    `at` is the byte where the name or the module stands.
    """

    name: str
    module: str
    member: str | None
    at: int


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call: `name` is the last identifier of what is called ("save" of `self.db.save(x)`),
    `caller` the qualified name of the definition around it ("" for none), `line` counts from 1."""

    name: str
    caller: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A file at a glance.

    `definitions` are in source order, an outer one before its inner ones, without those inside
    functions; `imports` are all of them, in source order; `docstring` is the file's own.
    """

    definitions: tuple[Definition, ...] = ()
    imports: tuple[Import, ...] = ()
    docstring: str = ""


def outline(tree: Tree, data: bytes, language: Language) -> Outline:
    """The outline of `data`, whose tree is `tree`; next to syntax errors, of what parsed."""
    matches = match(tree, data, language)
    for body in _importing_functions(matches, data):
        match_imports(body, language, matches)
    imports = dict(sorted(_imports(matches.imports, data), key=itemgetter(0)))
    for start in imports:  # `const fs = require("fs")` is not a variable too
        matches.definitions.pop(start, None)
    return Outline(
        definitions=tuple(_outside_functions(matches, _Source.of(data, language, matches))),
        imports=tuple(imports.values()),
        docstring=_file_docstring(tree.root_node, data, language),
    )


@dataclass(frozen=True)
class Place:
    """Where a definition stands: its node, without decorators, and the span of its name."""

    definition: Definition
    node: Node
    name: Span


def definitions_around(tree: Tree, data: bytes, language: Language, span: Span) -> list[Place]:
    """The functions and classes that cover `span`, the outermost first.

    Unlike those of an outline, they may be inside functions.
    """
    matches = match_around(tree, data, language, span)
    source = _Source.of(data, language, matches)
    result: list[Place] = []
    for found in sorted(matches.definitions.values(), key=_source_order):
        covers = found.start <= span.start and span.end <= found.end
        if covers and found.node and found.kind != "variable":
            definition = _definition(found, result[-1].definition if result else None, source)
            result.append(Place(definition, found.node, Span(*found.name.byte_range)))
    return result


def calls(
    tree: Tree, data: bytes, language: Language, definitions: Sequence[Definition]
) -> tuple[Call, ...]:
    """The calls in `data` in source order; `definitions` are those of its outline.

    What has no name, as `f(x)` in `f(x)(y)`, is left out. A decorator's calls are those of what it
    decorates.
    """
    starts = _line_starts(data)
    nodes = captures(tree, language, "calls")
    callees = sorted((node.end_byte, node.start_byte) for node in nodes)
    found = []
    for (end, start), caller in zip(
        callees, _callers((end for end, _ in callees), definitions), strict=True
    ):
        if name := _last_name(data[max(start, end - LONGEST_NAME) : end]):
            found.append(Call(name=name, caller=caller, line=bisect_left(starts, end)))
    return tuple(found)


def comments(tree: Tree, data: bytes, language: Language) -> list[tuple[int, str]]:
    """The comments in `data`: of each of their lines that is not empty, its number, from 1, and
    its text without what marks it as a comment."""
    starts = _line_starts(data)
    nodes = captures(tree, language, "comments")
    result = []
    for start, end in sorted((node.start_byte, node.end_byte) for node in nodes):
        first = bisect_right(starts, start)
        for line, raw in enumerate(data[start:end].splitlines(), first):
            if text := raw.decode("utf-8", "replace").strip(_COMMENT_MARKS):
                result.append((line, text))
    return result


_COMMENT_MARKS = "#/*!-;% \t\f"


# From what was found to what is told of it.


def _outside_functions(matches: Matches, source: _Source) -> Iterator[Definition]:
    """The definitions in source order, without those inside functions."""
    around: list[Definition] = []
    hidden_until = 0
    for found in sorted(matches.definitions.values(), key=_source_order):
        if found.kind is None or found.start < hidden_until:
            continue
        while around and around[-1].span.end <= found.start:
            around.pop()
        definition = _definition(found, around[-1] if around else None, source)
        yield definition
        if found.kind == "function":
            hidden_until = found.end
        elif found.body:
            around.append(definition)


def _source_order(found: Found) -> tuple[int, int]:
    return found.start, -found.end


@dataclass(frozen=True)
class _Source:
    """A file to cut from: its bytes, where its lines start, and the spans of its decorators."""

    data: bytes
    language: Language
    starts: list[int]
    decorators: list[tuple[int, int]]

    @classmethod
    def of(cls, data: bytes, language: Language, matches: Matches) -> _Source:
        """The source of `data` with the decorators that were found."""
        return cls(data, language, _line_starts(data), sorted(matches.decorators))


def _definition(found: Found, parent: Definition | None, source: _Source) -> Definition:
    assert found.kind
    name = _text(source.data, found.name)[:LONGEST_NAME]
    start, end, opening = found.start, found.end, found.opening
    return Definition(
        kind=found.kind,
        name=name,
        qualified_name=_qualified(parent, name),
        span=Span(start, end),
        header=Span(start, opening.end_byte if opening else end),
        lines=(bisect_right(source.starts, start), bisect_left(source.starts, end)),
        signature=_signature(
            source, _after_decorators(found, source), opening.start_byte if opening else end
        ),
        docstring=_docstring(found, source),
    )


def _qualified(parent: Definition | None, name: str) -> str:
    """The name with those around it; too many of them, or too long ones, give a "…"."""
    if parent is None:
        return name
    outer = parent.qualified_name
    return f"{outer if len(outer) <= LONGEST_NAME else '…'}.{name}"


def _after_decorators(found: Found, source: _Source) -> int:
    """Where the last of a definition's decorators ends, or its start."""
    last = bisect_left(source.decorators, (found.name.start_byte, 0)) - 1
    if last >= 0 and source.decorators[last][0] >= found.start:
        return source.decorators[last][1]
    return found.start


def _signature(source: _Source, start: int, end: int) -> str:
    if end - start <= LONGEST_SIGNATURE:  # nearly all are one line of plain text
        text = source.data[start:end].decode("utf-8", "replace").strip().rstrip(";")
        if text.isprintable():
            return text
    if source.language.id == PYTHON.id:
        return Code(source.data, 0).between(start, end, LONGEST_SIGNATURE)
    cut = min(end, start + 8 * LONGEST_SIGNATURE)
    text = " ".join(source.data[start:cut].decode("utf-8", "replace").split()) + "…" * (cut < end)
    text = shorten(_PADDING.sub("", text), LONGEST_SIGNATURE)
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


_PADDING = re.compile(r"(?<=\() |,? (?=\))")  # what is left of line breaks inside parentheses


def _docstring(found: Found, source: _Source) -> str:
    if source.language.id != PYTHON.id:
        return _comment_before(source.data, found.start)
    body = found.body
    if body is None or source.data[body.start_byte : body.start_byte + 1] not in _STRING_STARTS:
        return ""
    return docstring(body) or ""


_STRING_STARTS = (b'"', b"'", b"r", b"R", b"u", b"U")


def _file_docstring(root: Node, data: bytes, language: Language) -> str:
    if language.id == PYTHON.id:
        return docstring(root) or ""
    begin = _FIRST_COMMENT.match(data)
    if begin is None:
        return ""
    end = data.find(b"*/", begin.end(), begin.end() + LONGEST_COMMENT)
    if end < 0 or not _EMPTY_LINE.match(data, end + len(b"*/")):
        return ""
    return _uncommented(data[begin.end() : end])


# The first comment of a JavaScript file is about all of it if an empty line follows.
_FIRST_COMMENT = re.compile(rb"\s*(?:#![^\n]*\s*)?/\*\*")
_EMPTY_LINE = re.compile(rb"[ \t]*\r?\n[ \t]*\r?\n")


def _comment_before(data: bytes, start: int) -> str:
    """The text of the documentation comment that ends right before `start`, "" for none."""
    end = start
    while end and data[end - 1] in b" \t\r\n":
        end -= 1
    if not data.endswith(b"*/", 0, end):
        return ""
    begin = data.rfind(b"/*", max(0, end - LONGEST_COMMENT), end)
    if begin < 0 or not data.startswith(b"/**", begin):
        return ""
    return _uncommented(data[begin + len(b"/**") : end - len(b"*/")])


def _uncommented(comment: bytes) -> str:
    return inspect.cleandoc(_STAR.sub("", comment.decode("utf-8", "replace"))).strip()


_STAR = re.compile(r"^[ \t]*\* ?", re.MULTILINE)


def _importing_functions(matches: Matches, data: bytes) -> list[Node]:
    """The bodies of functions that may have imports in them."""
    words = sorted(place for word in IMPORT_WORDS for place in _places(word, data))
    return [
        found.body
        for found in matches.definitions.values()
        if found.kind == "function"
        and found.body
        and bisect_left(words, found.start) < bisect_left(words, found.end)
    ]


def _places(word: bytes, data: bytes) -> Iterator[int]:
    place = data.find(word)
    while place >= 0:
        yield place
        place = data.find(word, place + len(word))


def _imports(
    matches: Iterable[tuple[Captures, Mapping[str, str | None]]], data: bytes
) -> Iterator[tuple[int, Import]]:
    """The imports, each with where what it binds or imports stands."""
    modules: list[tuple[int, int, str]] = []  # start and end of a statement, and its module
    members: list[tuple[int, str, str]] = []  # place, name and member, of the statement around it
    for captured, settings in matches:
        module, member, name = (_captured(data, captured, part) for part in _IMPORT_PARTS)
        if "import" in captured:
            modules.append((*captured["import"][0].byte_range, module))
            continue
        node = next(captured[part][0] for part in reversed(_IMPORT_PARTS) if part in captured)
        member = member or settings.get("import.member") or ""
        if module:
            name = name or member or module.partition(".")[0]
            at = node.start_byte
            yield at, Import(name=name, module=module, member=member or None, at=at)
        else:
            members.append((node.start_byte, name or member, member))
    modules.sort()
    for place, name, member in members:
        around = bisect_left(modules, (place,)) - 1
        if around >= 0 and place < modules[around][1]:
            yield place, Import(name=name, module=modules[around][2], member=member, at=place)


_IMPORT_PARTS = ("import.module", "import.member", "import.name")


def _captured(data: bytes, captured: Captures, capture: str) -> str:
    return _text(data, captured[capture][0]) if capture in captured else ""


# Calls.


def _callers(places: Iterable[int], definitions: Iterable[Definition]) -> Iterator[str]:
    """For each place, in ascending order, the qualified name of the definition that holds it."""
    coming = iter([each for each in definitions if each.kind != "variable"])
    around: list[Definition] = []
    following = next(coming, None)
    for place in places:
        while following and following.span.start < place:
            while around and around[-1].span.end <= following.span.start:
                around.pop()
            around.append(following)
            following = next(coming, None)
        while around and around[-1].span.end < place:
            around.pop()
        yield around[-1].qualified_name if around else ""


def _last_name(callee: bytes) -> str:
    text = callee.decode("utf-8", "replace")
    name = text.rpartition(".")[2]
    if name.isidentifier():
        return name
    match = _NAME_AT_END.search(text)
    return match[1] if match else ""


_NAME_AT_END = re.compile(r"([\w$]+)[!?]*\Z")


def _text(data: bytes, node: Node) -> str:
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _line_starts(data: bytes) -> list[int]:
    """Where lines start, as `Text` counts them; then `bisect` tells the line of an offset."""
    return list(accumulate(map(len, data.splitlines(keepends=True)), initial=0))[:-1] or [0]
