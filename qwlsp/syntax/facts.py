"""What the syntax tree knows of a function, a class or a module, as plain data.

Code inside facts is text for people to read: on one line, without comments, shortened with "…".
A function's facts leave out what happens inside the functions, classes and lambdas in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from tree_sitter import Node

from qwlsp.syntax.body import Body, assigned, read_body
from qwlsp.syntax.quote import Code, docstring, node_text, parts
from qwlsp.syntax.scopes import Kind, Scope, inside, walk_scope

Role = Literal["function", "nested function", "method", "static method", "class method", "property"]
ParameterKind = Literal[
    "positional-only", "positional", "var-positional", "keyword-only", "var-keyword"
]


@dataclass(frozen=True)
class Parameter:
    """One parameter; `annotation` and `default` are code, None where there is none."""

    name: str
    kind: ParameterKind
    annotation: str | None = None
    default: str | None = None


@dataclass(frozen=True, kw_only=True)
class FunctionFacts(Body):
    """What is known of a function, with what its body does.

    `owner` is the name of the class or function around it and `return_type` the annotation;
    `line_count` leaves out the decorators.
    """

    name: str
    qualified_name: str
    role: Role
    owner: str | None
    is_async: bool
    decorators: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    return_type: str | None
    docstring: str | None
    line_count: int
    has_errors: bool

    @property
    def is_generator(self) -> bool:
        """Whether calling it makes a generator."""
        return bool(self.yields)


@dataclass(frozen=True)
class Member:
    """A definition listed by what stands around it; `summary` is its docstring's first line."""

    role: Role | Literal["class"]
    name: str
    signature: str
    summary: str | None


@dataclass(frozen=True, kw_only=True)
class ClassFacts:
    """What is known of a class; `attributes` are set in its body or on a method's `self`."""

    name: str
    qualified_name: str
    bases: tuple[str, ...]
    keywords: tuple[str, ...]
    decorators: tuple[str, ...]
    docstring: str | None
    line_count: int
    has_errors: bool
    attributes: tuple[str, ...]
    methods: tuple[Member, ...]
    classes: tuple[Member, ...]


@dataclass(frozen=True, kw_only=True)
class ModuleFacts:
    """What is known of a file; `imports` are module names, `constants` names in capitals, and
    `is_program` says that it checks whether it runs as `__main__`."""

    docstring: str | None
    line_count: int
    has_errors: bool
    is_program: bool
    imports: tuple[str, ...]
    constants: tuple[str, ...]
    classes: tuple[Member, ...]
    functions: tuple[Member, ...]


Facts: TypeAlias = FunctionFacts | ClassFacts | ModuleFacts


def facts(scope: Scope) -> Facts:
    """Return what the tree knows of the code of `scope`."""
    if scope.kind == "function":
        return _function(scope)
    return _class(scope) if scope.kind == "class" else _module(scope)


def parameters(scope: Scope) -> tuple[Parameter, ...]:
    """Return the parameters of a function, none for a class or module."""
    code = Code.of(scope.syntax)
    result: list[Parameter] = []
    kind: ParameterKind = "positional"
    for part in parts(scope.syntax.child_by_field_name("parameters")):
        if part.type == "positional_separator":
            result = [replace(parameter, kind="positional-only") for parameter in result]
        elif part.type == "keyword_separator":
            kind = "keyword-only"
        else:
            parameter = _parameter(code, part, kind)
            result.append(parameter)
            kind = "keyword-only" if parameter.kind == "var-positional" else kind
    return tuple(result)


def signature(name: str, parameters: Sequence[Parameter], return_type: str | None = None) -> str:
    """Write a signature as Python does: `name(a, b=1, *, c: int) -> str`."""
    written: list[str] = []
    previous: ParameterKind | None = None
    for parameter in parameters:
        kind = parameter.kind
        if previous == "positional-only" != kind:
            written.append("/")
        if kind == "keyword-only" and previous not in ("keyword-only", "var-positional"):
            written.append("*")
        written.append(_declaration(parameter))
        previous = kind
    if previous == "positional-only":
        written.append("/")
    returns = f" -> {return_type}" if return_type else ""
    return f"{name}({', '.join(written)}){returns}"


def _declaration(parameter: Parameter) -> str:
    stars = {"var-positional": "*", "var-keyword": "**"}.get(parameter.kind, "")
    text = stars + parameter.name
    if parameter.annotation is not None:
        text += f": {parameter.annotation}"
    if parameter.default is not None:
        text += f" = {parameter.default}" if parameter.annotation else f"={parameter.default}"
    return text


def _function(scope: Scope) -> FunctionFacts:
    node, outer = scope.syntax, _decorated(scope.syntax)
    code = Code.of(outer)
    body = node.child_by_field_name("body")
    owner = _owner(node)
    decorators = _decorators(code, outer)
    role = _role(decorators, owner)
    takes = parameters(scope)
    receiver = takes[0].name if takes and role in _BOUND else None
    return FunctionFacts(
        name=scope.name,
        qualified_name=scope.qualified_name,
        role=role,
        owner=node_text(owner.child_by_field_name("name")) if owner else None,
        is_async=node.children[0].type == "async",
        decorators=decorators,
        parameters=takes,
        return_type=_optional(code, node.child_by_field_name("return_type")),
        docstring=docstring(body),
        line_count=_line_count(node),
        has_errors=node.has_error,
        **vars(read_body(code, body, receiver)),
    )


def _class(scope: Scope) -> ClassFacts:
    node, outer = scope.syntax, _decorated(scope.syntax)
    code = Code.of(outer)
    body = node.child_by_field_name("body")
    definitions = inside(scope)
    set_by_methods = (
        target.partition(".")[2]
        for method in definitions
        if method.kind == "function"
        for target in _function(method).attributes
    )
    names = (*_assigned_names(body), *set_by_methods)
    bases = parts(node.child_by_field_name("superclasses"))
    return ClassFacts(
        name=scope.name,
        qualified_name=scope.qualified_name,
        bases=tuple(code.quote(base) for base in bases if base.type != "keyword_argument"),
        keywords=tuple(code.quote(base) for base in bases if base.type == "keyword_argument"),
        decorators=_decorators(code, outer),
        docstring=docstring(body),
        line_count=_line_count(node),
        has_errors=node.has_error,
        attributes=_distinct(name for name in names if not _DUNDER.fullmatch(name)),
        methods=_members(definitions, "function"),
        classes=_members(definitions, "class"),
    )


def _module(scope: Scope) -> ModuleFacts:
    root, code = scope.syntax, Code.of(scope.syntax)
    definitions = inside(scope)
    statements = list(walk_scope(root))
    return ModuleFacts(
        docstring=docstring(root),
        line_count=root.end_point.row + (root.end_point.column > 0),
        has_errors=root.has_error,
        is_program=any(_asks_for_main(code, node) for node in statements),
        imports=_distinct(name for node in statements for name in _imported(node)),
        constants=_distinct(name for name in _assigned_names(root) if name.isupper()),
        classes=_members(definitions, "class"),
        functions=_members(definitions, "function"),
    )


def _assigned_names(body: Node | None) -> Iterator[str]:
    """Yield the plain names that the statements of a class or module body assign."""
    for node in walk_scope(body) if body else ():
        if node.type == "assignment":
            yield from (node_text(name) for name in assigned(node) if name.type == "identifier")


def _asks_for_main(code: Code, node: Node) -> bool:
    condition = node.child_by_field_name("condition") if node.type == "if_statement" else None
    return condition is not None and "__name__" in code.quote(condition)


def _imported(node: Node) -> Iterator[str]:
    """Yield the names of the modules that an import statement names."""
    if node.type == "import_statement":
        for name in node.children_by_field_name("name"):
            yield node_text(name.child_by_field_name("name") or name)
    elif node.type == "import_from_statement":
        module = node_text(node.child_by_field_name("module_name"))
        if module.strip("."):
            yield module
        else:
            yield from (module + node_text(name) for name in node.children_by_field_name("name"))


# What stands around and before a body: owner, decorators, parameters.

_BOUND: tuple[Role, ...] = ("method", "class method", "property")
_ROLES: dict[str, Role] = {
    "staticmethod": "static method",
    "classmethod": "class method",
    "property": "property",
    "cached_property": "property",
    "setter": "property",
    "deleter": "property",
}
_DUNDER = re.compile(r"__\w+__")


def _distinct(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def _optional(code: Code, node: Node | None) -> str | None:
    return code.quote(node) if node else None


def _line_count(node: Node) -> int:
    return node.end_point.row - node.start_point.row + 1


def _owner(node: Node) -> Node | None:
    """Return the function or class around a definition, None at the top level."""
    parent = node.parent
    while parent and parent.type not in ("function_definition", "class_definition"):
        parent = parent.parent
    return parent


def _decorated(node: Node) -> Node:
    """Return the node that holds a definition and its decorators, if it has any, else itself."""
    outer = node.parent
    return outer if outer and outer.type == "decorated_definition" else node


def _decorators(code: Code, outer: Node) -> tuple[str, ...]:
    found = (child for child in outer.named_children if child.type == "decorator")
    return tuple(code.between(child.start_byte + len("@"), child.end_byte) for child in found)


def _role(decorators: Iterable[str], owner: Node | None) -> Role:
    if owner is None:
        return "function"
    if owner.type == "function_definition":
        return "nested function"
    names = (decorator.partition("(")[0].rpartition(".")[2] for decorator in decorators)
    return next((_ROLES[name] for name in names if name in _ROLES), "method")


def _parameter(code: Code, node: Node, kind: ParameterKind) -> Parameter:
    name = node.child_by_field_name("name")
    if name is None:
        name = node.named_children[0] if node.type == "typed_parameter" else node
    if name.type == "list_splat_pattern":
        kind = "var-positional"
    elif name.type == "dictionary_splat_pattern":
        kind = "var-keyword"
    return Parameter(
        name=code.quote(name).lstrip("* "),
        kind=kind,
        annotation=_optional(code, node.child_by_field_name("type")),
        default=_optional(code, node.child_by_field_name("value")),
    )


def _members(definitions: Iterable[Scope], kind: Kind) -> tuple[Member, ...]:
    return tuple(_member(scope) for scope in definitions if scope.kind == kind)


def _member(scope: Scope) -> Member:
    node, outer = scope.syntax, _decorated(scope.syntax)
    code = Code.of(outer)
    summary = (docstring(node.child_by_field_name("body")) or "").partition("\n")[0] or None
    if scope.kind == "class":
        bases = ", ".join(
            code.quote(base) for base in parts(node.child_by_field_name("superclasses"))
        )
        return Member("class", scope.name, scope.name + (f"({bases})" if bases else ""), summary)
    return_type = _optional(code, node.child_by_field_name("return_type"))
    written = signature(scope.name, parameters(scope), return_type)
    return Member(_role(_decorators(code, outer), _owner(node)), scope.name, written, summary)
