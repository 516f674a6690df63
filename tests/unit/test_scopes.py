from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.syntax.scopes import Scope, enclosing, inside, module, scopes, walk, walk_scope
from qwlsp.syntax.tree import parse
from qwlsp.text import Span

SHAPES = '''\
import os


@decorate(1)
@again
async def outer(a, b=lambda: 1):
    def inner():
        return a

    return inner


class Shape(Base):
    """A shape."""

    sides = 0

    @property
    def area(self) -> int:
        return 0  # flat

    if os.name == "posix":

        def draw(self): pass

    class Corner:
        def angle(self): return 90


x = 1
'''


def at(code: str, marker: str, after: bool = False) -> Scope:
    """The scope around the place where `marker` stands in `code` (or ends)."""
    data = code.encode()
    offset = data.index(marker.encode()) + (len(marker.encode()) if after else 0)
    return enclosing(parse(data), Span(offset, offset))


def selected(code: str, text: str) -> Scope:
    data = code.encode()
    start = data.index(text.encode())
    return enclosing(parse(data), Span(start, start + len(text.encode())))


def text_of(code: str, span: Span) -> str:
    return code.encode()[span.start : span.end].decode()


def found(code: str) -> dict[str, Scope]:
    return {scope.qualified_name: scope for scope in scopes(parse(code.encode()))}


def test_all_definitions_in_source_order() -> None:
    assert [(scope.kind, scope.qualified_name) for scope in scopes(parse(SHAPES.encode()))] == [
        ("function", "outer"),
        ("function", "outer.inner"),
        ("class", "Shape"),
        ("function", "Shape.area"),
        ("function", "Shape.draw"),
        ("class", "Shape.Corner"),
        ("function", "Shape.Corner.angle"),
    ]


def test_a_span_covers_decorators_and_the_node_does_not() -> None:
    outer = found(SHAPES)["outer"]
    assert text_of(SHAPES, outer.span).startswith("@decorate(1)\n@again\nasync def")
    assert text_of(SHAPES, outer.span).endswith("return inner")
    assert outer.node.type == "function_definition"
    assert outer.node.start_byte > outer.span.start


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("outer", "@decorate(1)\n@again\nasync def outer(a, b=lambda: 1):"),
        ("outer.inner", "def inner():"),
        ("Shape", "class Shape(Base):"),
        ("Shape.area", "@property\n    def area(self) -> int:"),
        ("Shape.Corner", "class Corner:"),
    ],
)
def test_a_header_ends_at_the_colon_that_opens_the_body(name: str, header: str) -> None:
    assert text_of(SHAPES, found(SHAPES)[name].header) == header


def test_a_name_span_holds_the_name() -> None:
    for scope in scopes(parse(SHAPES.encode())):
        assert scope.name_span is not None
        assert text_of(SHAPES, scope.name_span) == scope.name


def test_the_module_is_the_whole_file() -> None:
    scope = module(parse(b"\n\n  \nx = 1\n\n"))
    assert (scope.kind, scope.name, scope.name_span) == ("module", "", None)
    assert scope.span == Span(0, 12)
    assert scope.header == Span(0, 0)


def test_spans_count_bytes() -> None:
    code = "s = 'äöü🦀'\ndef f(): pass"
    assert found(code)["f"].span == Span(17, 30)


def test_inside_finds_the_next_level_only() -> None:
    tree = parse(SHAPES.encode())
    names = {scope.qualified_name: scope for scope in scopes(tree)}
    assert [each.name for each in inside(module(tree))] == ["outer", "Shape"]
    assert [each.name for each in inside(names["Shape"])] == ["area", "draw", "Corner"]
    assert [each.qualified_name for each in inside(names["outer"])] == ["outer.inner"]
    assert (
        inside(names["Shape"])
        == [scope for scope in scopes(tree) if scope.qualified_name.count(".") == 1][1:]
    )


@pytest.mark.parametrize(
    ("marker", "name"),
    [
        ("import os", ""),
        ("@decorate", "outer"),
        ("again", "outer"),
        ("async def", "outer"),
        ("lambda", "outer"),
        ("    def inner", "outer.inner"),
        ("inner():", "outer.inner"),
        ("return a", "outer.inner"),
        ("return inner", "outer"),
        ("class Shape", "Shape"),
        ("sides", "Shape"),
        ("    @property", "Shape.area"),
        ("    def area", "Shape.area"),
        ("# flat", "Shape.area"),
        ("if os.name", "Shape"),
        ("def draw", "Shape.draw"),
        ("class Corner", "Shape.Corner"),
        ("return 90", "Shape.Corner.angle"),
        ("x = 1", ""),
    ],
)
def test_a_place_belongs_to_the_definition_around_it(marker: str, name: str) -> None:
    assert at(SHAPES, marker).qualified_name == name


@pytest.mark.parametrize("ending", ["", "\n", "   \n", "\nx = 1\n", "  # done\n", "\r\nx\r\n"])
def test_the_end_of_the_last_line_belongs_to_the_function(ending: str) -> None:
    code = "def f():\n    return 1" + ending
    assert at(code, "return 1", after=True).name == "f"
    blanks = len(ending) - len(ending.lstrip(" "))
    end = len("def f():\n    return 1") + blanks
    assert enclosing(parse(code.encode()), Span(end, end)).name == "f"


@pytest.mark.parametrize("line", ["", "    ", "\t"])
def test_a_blank_line_after_the_body_does_not(line: str) -> None:
    code = f"def f():\n    return 1\n{line}\nx = 1\n"
    end = len("def f():\n    return 1\n") + len(line)
    assert enclosing(parse(code.encode()), Span(end, end)).kind == "module"


def test_a_blank_line_inside_a_body_belongs_to_it() -> None:
    code = "def f():\n    a\n\n    b\n"
    end = len("def f():\n    a\n")
    assert enclosing(parse(code.encode()), Span(end, end)).name == "f"


@pytest.mark.parametrize("code", ["  def f(): pass", "\n\n  def f(): pass", "\ufeffdef f(): pass"])
def test_indentation_at_the_start_of_the_file(code: str) -> None:
    before = code.encode().index(b"d")
    assert enclosing(parse(code.encode()), Span(before - 1, before - 1)).name == "f"


def test_a_leading_blank_line_is_nobodys() -> None:
    assert enclosing(parse(b"\n\n  def f(): pass"), Span(0, 0)).kind == "module"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("\n    def inner():\n        return a\n\n", "outer.inner"),
        ("return a\n\n    return", "outer"),
        ("return 0  # flat\n\n    if", "Shape"),
        ("pass\n\n    class Corner", "Shape"),
        ("return inner\n\n\nclass", ""),
        ("@again\nasync def outer", "outer"),
    ],
)
def test_a_selection_belongs_to_what_covers_it(text: str, name: str) -> None:
    assert selected(SHAPES, text).qualified_name == name


def test_a_class_inside_a_function_owns_its_header_but_not_its_body() -> None:
    code = "def make():\n    class Made:\n        size = 1\n        def get(self): pass\n"
    assert at(code, "class Made").qualified_name == "make.Made"
    assert at(code, "size").qualified_name == "make"
    assert at(code, "def get").qualified_name == "make.Made.get"


def test_offsets_past_the_end() -> None:
    assert enclosing(parse(b"def f(): pass"), Span(99, 99)).name == "f"
    assert enclosing(parse(b""), Span(3, 7)).kind == "module"


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("def broken(\n\ndef fine():\n    pass\n", ["fine"]),
        ("class A:\n  def f(self):\n    x = (\n  def g(self): pass\n", ["A", "A.f", "A.g"]),
        ("x = (\ndef f():\n    pass\n", ["f"]),
        ("def (a): pass", []),
        ("class : pass", []),
    ],
)
def test_what_parses_is_found_next_to_errors(code: str, names: list[str]) -> None:
    assert list(found(code)) == names


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n  return " + "(" * 50_000 + "1" + ")" * 50_000,
        "def f():\n  return " + "[" * 50_000,
        "def f():\n  return x" + ".a()" * 50_000,
        "def f():\n  return " + "not " * 50_000 + "x",
    ],
    ids=["parentheses", "unclosed", "chain", "operators"],
)
def test_deep_nesting_does_not_overflow(code: str) -> None:
    tree = parse(code.encode())
    assert len(scopes(tree)) <= 1
    middle = len(code) // 2
    assert enclosing(tree, Span(middle, middle)).kind in ("function", "module")


def test_deeply_nested_functions() -> None:
    code = "".join(" " * depth + "def f():\n" for depth in range(200)) + " " * 200 + "pass"
    all_scopes = scopes(parse(code.encode()))
    assert all_scopes[-1].qualified_name == ".".join("f" * 200)
    assert at(code, "pass").qualified_name == all_scopes[-1].qualified_name


def test_walk_visits_everything_once() -> None:
    root = parse(SHAPES.encode()).root_node
    nodes = list(walk(root))
    assert len(nodes) == root.descendant_count
    assert len({node.id for node in nodes}) == len(nodes)


def test_walk_scope_stays_out_of_other_scopes() -> None:
    root = parse(b"a\ndef f(): b\nclass C: c\ng = lambda: d\n@e\ndef h(): i\n").root_node
    seen = [node.text for node in walk_scope(root) if node.type == "identifier"]
    assert seen == [b"a", b"g", b"e"]


PIECES = st.sampled_from(
    [
        "def f(",
        "a",
        "):",
        "\n",
        "\n    ",
        "class C",
        ":",
        "@",
        "(",
        ")",
        "'''",
        "é",
        "\r",
        "\0",
        "x",
    ]
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=40).map("".join), st.integers(0, 99), st.integers(0, 99))
def test_any_text_has_scopes(code: str, start: int, end: int) -> None:
    data = code.encode()
    tree = parse(data)
    for scope in scopes(tree):
        assert 0 <= scope.span.start <= scope.header.end <= scope.span.end <= len(data)
        assert scope.header.start == scope.span.start
    around = enclosing(tree, Span(min(start, end), max(start, end)))
    assert around.kind == "module" or around in scopes(tree)
