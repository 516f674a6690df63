from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.context.names import MOST_BYTES, names
from qwlsp.context.paths import (
    CALL,
    LONGEST_PATH,
    Binding,
    Names,
    Path,
    bases_of,
    leading_to,
    names_in_text,
    result_of,
    value_of,
)
from qwlsp.syntax.scopes import scopes, walk
from qwlsp.syntax.tree import parse


def read(code: str) -> list[Names]:
    """The names of the first function or class in `code`."""
    nodes = walk(parse(code.encode()).root_node)
    kinds = ("function_definition", "class_definition")
    return names(next(node for node in nodes if node.type in kinds))


def body(*lines: str) -> Names:
    (code,) = read("def f():\n" + "".join(f"    {line}\n" for line in lines))
    return code


def written(path: Path) -> str:
    """A path as code: "a.b()"."""
    return ".".join(path).replace(f".{CALL}", CALL)


def mentions(code: Names, role: str = "use") -> list[str]:
    return [written(each.path) for each in code.mentions if each.role == role]


def bindings(code: Names) -> list[tuple[str, ...]]:
    """The bindings as (name, value, ...)."""
    return [(written(each.target), *map(written, each.values)) for each in code.bindings]


# Mentions


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a", ["a"]),
        ("a.b.c", ["a.b.c"]),
        ("a()", ["a()"]),
        ("a.b(c, d.e)", ["a.b()", "c", "d.e"]),
        ("a(1).b().c", ["a().b().c"]),
        ("a[b].c", ["a.c", "b"]),
        ("a[0][1]()", ["a()"]),
        ("(a.b).c", ["a.b.c"]),
        ("(await a.b()).c()", ["a.b().c()"]),
        ("super().f(1)", ["super().f()"]),
        ("f(a=b, *c, **d)", ["f()", "b", "c", "d"]),
        ("a + b * -c", ["a", "b", "c"]),
        ("a if b else c", ["a", "b", "c"]),
        ("x.y = a", ["x.y", "a"]),
        ("x[a] = b", ["x", "a", "b"]),
        ("x += a", ["x", "a"]),
        ("del a.b", ["a.b"]),
        ("f'{a.b!r:>{c}} d'", ["a.b", "c"]),
        ("'a'.join(b)", ["b"]),
        ("{a: b, **c}", ["a", "b", "c"]),
        ("with a() as b: pass", ["a()"]),
        ("global a", ["a"]),
        ("assert a, b", ["a", "b"]),
        ("import a.b as c", []),
        ("from a import (b as c, d)", []),
        ("'a.b'  # c", []),
        ("@a.b(c)\n    def g(): pass", ["a.b()", "c"]),
        ("sorted(a.b, key=c)", ["a.b", "c"]),
        ("match a:\n        case B.C | D(e=F.G): pass", ["a", "B.C", "D", "F.G"]),
    ],
)
def test_mentions(line: str, expected: list[str]) -> None:
    assert mentions(body(line)) == expected


def test_mentions_know_their_places() -> None:
    code = "def f():\n    return é + a.b()\n"
    (found,) = read(code)
    assert [each.at for each in found.mentions] == [
        code.encode().index("é".encode()),
        code.encode().index(b"a.b"),
    ]


def test_long_chains_are_cut() -> None:
    (path,) = [each.path for each in body("a" + ".b" * 100 + "()").mentions]
    assert path == ("a", *"b" * (LONGEST_PATH - 1))


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("A", ["A"]),
        ("a.B", ["a.B"]),
        ("'A'", ["A"]),
        ("Optional['a.B'] | None", ["Optional", "a.B", "None"]),
        ("list[dict[A, 'B']]", ["list", "dict", "A", "B"]),
        ("Callable[[A], B]", ["Callable", "A", "B"]),
    ],
)
def test_types(annotation: str, expected: list[str]) -> None:
    for code in (f"def f(x: {annotation}): pass", f"def f() -> {annotation}: pass"):
        assert mentions(read(code)[0], "type") == expected
    assert mentions(body(f"x: {annotation} = 1"), "type") == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("raise A", ["A"]),
        ("raise a.B(c) from d", ["a.B()"]),
        ("try: pass\n    except A: pass", ["A"]),
        ("try: pass\n    except (A, b.C) as e: e", ["A", "b.C"]),
        ("raise", []),
    ],
)
def test_exceptions(lines: str, expected: list[str]) -> None:
    assert mentions(body(lines), "exception") == expected


def test_bases() -> None:
    code = read("class A(B, c.D[E], metaclass=M): pass")[0]
    assert mentions(code, "base") == ["B", "c.D"]
    assert mentions(code) == ["E", "M"]


def test_decorators() -> None:
    assert mentions(read("@a\n@b.c(d)\ndef f(): pass")[0]) == ["a", "b.c()", "d"]


# Bindings


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = 1", [("x",)]),
        ("x = a.b()", [("x", "a.b()")]),
        ("x: A = b", [("x", "A()")]),
        ("x: 'list[A]'", [("x", "list()", "A()")]),
        ("x = y = a()", [("x", "a()"), ("y", "a()")]),
        ("x = a or await b() or 1", [("x", "a", "b()")]),
        ("x = a if b else c", [("x", "a", "b", "c")]),
        ("x = [A(y) for y in b]", [("x", "A()"), ("y", "b")]),
        ("x = list(sorted(a, key=b))", [("x", "a")]),
        ("x = cast(A, b)", [("x", "A", "b")]),
        ("x, (y, *z) = a()", [("x", "a()"), ("y", "a()"), ("z", "a()")]),
        ("self.x = a()", [("self.x", "a()")]),
        ("x[0] = a", []),
        ("x += a", []),
        ("for x in a.b: pass", [("x", "a.b")]),
        ("for i, x in enumerate(a): pass", [("i", "a"), ("x", "a")]),
        ("with a() as x, b as (y, z): pass", [("x", "a()"), ("y", "b"), ("z", "b")]),
        ("try: pass\n    except A as x: pass", [("x", "A")]),
        ("(x := a())", [("x", "a()")]),
        ("lambda x, *y, z=1: 0", [("x",), ("y",), ("z",)]),
        ("def g(x: A): pass", [("g",), ("x", "A()")]),
        ("class C(B): pass", [("C",)]),
        ("match a:\n        case [x, *y] | {'k': z, **w}: pass", [("x",), ("y",), ("z",), ("w",)]),
        ("match a:\n        case A(b=y) as x: pass", [("y",), ("x", "A")]),
        ("global x\n    x = a", []),
    ],
)
def test_bindings(line: str, expected: list[tuple[str, ...]]) -> None:
    assert bindings(body(line)) == expected


def test_parameters() -> None:
    code = "def f(a, b: A, c=1, d: 'B' = None, /, *e: C, g, **h: D): pass"
    assert bindings(read(code)[0]) == [
        *[("a",), ("b", "A()"), ("c",), ("d", "B()")],
        *[("e", "C()"), ("g",), ("h", "D()")],
    ]


def test_bindings_are_in_source_order() -> None:
    code = body("for x in a:", "    y = x.b", "    z = y")
    assert bindings(code) == [("x", "a"), ("y", "x.b"), ("z", "y")]


# Classes


def test_a_class_has_its_own_lines_and_each_method() -> None:
    code = (
        "class A:\n  x = a\n  @b\n  def f(self): c\n  y = d\n"
        "  class B:\n    def g(self): e\n  async def h(i): j"
    )
    assert [mentions(each) for each in read(code)] == [["a", "d", "e"], ["b", "c"], ["j"]]


def test_a_method_s_name_is_no_name_in_it() -> None:
    (_, method) = read("class A:\n  def f(self): f()")
    assert mentions(method) == ["f()"]
    assert bindings(method) == [("self",)]


def test_a_function_and_those_inside_are_one() -> None:
    assert mentions(body("def g():", "    def h(): a", "    b")) == ["a", "b"]


# Where it stands


def test_only_the_function_itself_is_read() -> None:
    code = "before\ndef f():\n    a\nafter\n"
    assert mentions(read(code)[0]) == ["a"]


def test_only_the_first_part_of_a_long_function_is_read() -> None:
    code = body(*["first"] * 10, "x = '" + "-" * MOST_BYTES + "'", "last")
    assert set(mentions(code)) == {"first"}


@pytest.mark.parametrize(
    "code",
    ["def f(: a", "def f():\n  a(b.", "class A(:\n  def f(", "def f(a b): c d = e", "def", "class"],
)
def test_syntax_errors(code: str) -> None:
    for node in walk(parse(code.encode()).root_node):
        if node.is_named:
            names(node)


# Signatures


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("def f(a: A) -> B", ["B()"]),
        ("async def f() -> 'm.B | None'", ["m.B()", "None()"]),
        ("def f(a: Callable[[], A])", []),
        ("def f(a='->')", []),
        ("def f(", []),
    ],
)
def test_the_result_of_a_function(signature: str, expected: list[str]) -> None:
    assert [written(path) for path in result_of(signature)] == expected


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("x: A", ["A()"]),
        ("x: list[m.A] = []", ["list()", "m.A()"]),
        ("x = A(1, b=B())", ["A()"]),
        ("x = m.make()", ["m.make()"]),
        ("x = await make()", ["make()"]),
        ("x = y", ["y"]),
        ("x = m.y", ["m.y"]),
        ("x = Union[A, B]", ["Union", "A", "B"]),
        ("x = A | None", ["A", "None"]),
        ("type X = list[A]", ["list", "A"]),
        ("export const x = new A(1);", ["A()"]),
        ("private x: A = y", ["A()"]),
        ("x = 5", []),
        ("x = 'A'", []),
        ("x = a + b", []),
        ("x = [A(), B()]", []),
        ("x = lambda: A()", []),
        ("x", []),
        ("", []),
    ],
)
def test_the_value_of_a_variable(signature: str, expected: list[str]) -> None:
    assert [written(path) for path in value_of(signature)] == expected


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("class A", []),
        ("class A()", []),
        ("class A(B, m.C)", ["B", "m.C"]),
        ("class A(B[T], metaclass=M)", ["B", "T", "M"]),
        ("class A[T: X](B)", ["B"]),
        ("export class A extends m.B", ["m.B"]),
        ("class A extends mixin(B)", ["mixin", "B"]),
    ],
)
def test_the_bases_of_a_class(signature: str, expected: list[str]) -> None:
    assert [written(path) for path in bases_of(signature)] == expected


def test_what_a_name_depends_on() -> None:
    steps = [("a", "b"), ("c", "d"), ("self.x", "a.y"), ("e", "self.x.z"), ("c", "e"), ("a", "f")]
    code = [
        Binding(tuple(target.split(".")), (tuple(value.split(".")),), at)
        for at, (target, value) in enumerate(steps)
    ]
    assert [each.at for each in leading_to(("e",), code)] == [0, 2, 3]
    assert leading_to(("g",), code) == []


# Text of other languages


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f(a.b, this?.c)", ["f", "a.b", "this.c"]),
        ("a // b\nc", ["a", "c"]),
        ("a /* b\n */ c /* d", ["a", "c"]),
        ('\'a\' + "b\\" c" + d', ["d"]),
        ("`${a.b}`", ["a.b"]),
        ("this.#x + $y._z", ["this.#x", "$y._z"]),
        ("1e5 + 0x1f", []),
        ("a\n  .b", ["a.b"]),
        ("'a\nb", ["b"]),
    ],
)
def test_names_in_text(code: str, expected: list[str]) -> None:
    assert [written(each.path) for each in names_in_text(code).mentions] == expected


@pytest.mark.parametrize("text", ["/*" * 50_000, "a." * 50_000, "a " * 50_000, "'" * 50_000])
def test_long_text(text: str) -> None:
    assert len(names_in_text(text).mentions) <= 50_000


PIECES = st.sampled_from(
    [
        *("def f(a: B, *c):\n", "class A(B):\n", "  ", "    ", "\n", "x", ".", "(", ")", "[", "]"),
        *("=", ":=", "for x in y:", "with x as y:", "match x:\n", "case A(b=c):", "lambda x:", "@"),
        *("import x", "from . import x", "except A as b:", "raise", "global x", "'", '"', "#", "é"),
        *("f'{x}'", "->", "await ", "*", ",", "\0", "\r"),
    ]
)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_code_has_names(code: str) -> None:
    data = f"def f(a):\n  {code}".encode()
    for scope in scopes(parse(data)):
        assert scope.node is not None
        for found in names(scope.node):
            places = [each.at for each in found.mentions]
            assert places == sorted(places)
            for mention in found.mentions:
                assert 1 <= len(mention.path) <= LONGEST_PATH
                assert scope.span.start <= mention.at < scope.span.end
                assert mention.path[0].encode() in data[mention.at : scope.span.end]


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.text(alphabet="ab =:()[].,|>-'\"\n…#$é", max_size=200))
def test_any_text_is_a_signature(text: str) -> None:
    for read_paths in (result_of, value_of, bases_of):
        assert all(path and path[0] != CALL for path in read_paths(text))
    assert all(mention.path for mention in names_in_text(text).mentions)
