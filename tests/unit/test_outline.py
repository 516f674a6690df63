"""What files define, import, call and say in comments: in Python, and whatever they contain."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.syntax.languages import PYTHON, Language
from qwlsp.syntax.outline import calls, comments, outline
from qwlsp.syntax.tree import parse
from qwlsp.text import Text
from tests.outlines import (
    JAVASCRIPT,
    TSX,
    check,
    check_calls,
    check_comments,
    check_imports,
    definition,
    outline_of,
)

# Definitions in Python.

SHOP = '''\
"""A shop.

  It sells.
"""

LIMIT = 5


@decorate(1)
# why
@again
async def total(order, tax: float = 0) -> float:
    """Sum up."""
    inner = 1
    def helper(): pass
    class Local: pass
    return 0


class Order(Base, key=1):  # a comment
    # another

    "An " 'order.'

    count: int = 0
    note: str

    @property
    def size(self): return self.count

    class Line:
        def draw(self): pass
'''


def test_definitions_in_source_order_without_those_in_functions() -> None:
    check(
        SHOP,
        [
            "variable LIMIT: LIMIT = 5",
            "function total: async def total(order, tax: float = 0) -> float",
            "class Order: class Order(Base, key=1)",
            "variable Order.count: count: int = 0",
            "variable Order.note: note: str",
            "function Order.size: def size(self)",
            "class Order.Line: class Line",
            "function Order.Line.draw: def draw(self)",
        ],
    )


def test_docstrings() -> None:
    assert outline_of(SHOP).docstring == "A shop.\n\nIt sells."
    found = {each.name: each.docstring for each in outline_of(SHOP).definitions}
    assert found["total"] == "Sum up."
    assert found["Order"] == "An order."
    assert found["size"] == found["LIMIT"] == found["Line"] == ""


@pytest.mark.parametrize(
    ("name", "text", "header", "lines"),
    [
        ("LIMIT", "LIMIT = 5", "LIMIT = 5", (6, 6)),
        (
            "total",
            SHOP[SHOP.index("@decorate") : SHOP.index("\n\n\nclass")],
            SHOP[SHOP.index("@decorate") : SHOP.index('\n    """Sum')],
            (9, 17),
        ),
        (
            "Order",
            SHOP[SHOP.index("class Order") :].rstrip(),
            "class Order(Base, key=1):",
            (20, 32),
        ),
        (
            "Order.size",
            "@property\n    def size(self): return self.count",
            "@property\n    def size(self):",
            (28, 29),
        ),
    ],
)
def test_spans_headers_and_lines(name: str, text: str, header: str, lines: tuple[int, int]) -> None:
    found = definition(SHOP, name)
    source = Text.of(SHOP)
    assert source.slice(found.span) == text
    assert source.slice(found.header) == header
    assert found.lines == lines


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a = b = 1", ["variable a: a = b = 1", "variable b: b = 1"]),
        ("a, b = 1, 2\nc.d = 3\ne[0] = 4\nf += 1", []),
        ("type A[T] = list[T]", ["variable A: type A[T] = list[T]"]),
        ("x: int", ["variable x: x: int"]),
        ("f = lambda: 0", ["variable f: f = lambda: 0"]),
        ("x = 1; y = 2", ["variable x: x = 1", "variable y: y = 2"]),
    ],
)
def test_variables(code: str, expected: list[str]) -> None:
    check(code, expected)


@pytest.mark.parametrize(
    "head",
    [
        "if a:",
        "if a: pass\nelif b:",
        "if a: pass\nelse:",
        "try:",
        "try: pass\nexcept A as a:",
        "try: pass\nexcept:",
        "try: pass\nexcept* A:",
        "try: pass\nfinally:",
        "with a:",
        "for a in b:",
        "while a:",
        "match a:\n case 1:",
        "if a:\n  if b:\n    with c:",
    ],
)
def test_definitions_in_blocks_count(head: str) -> None:
    indent = " " * (len(head.rpartition("\n")[2]) - len(head.rpartition("\n")[2].lstrip()) + 2)
    code = f"{head}\n{indent}x = 1\n{indent}def f(): pass\n"
    check(code, ["variable x: x = 1", "function f: def f()"])
    check(
        f"class C:\n{indent}a\n{indent}def f(): pass", ["class C: class C", "function C.f: def f()"]
    )


def test_blocks_in_a_class_belong_to_it() -> None:
    code = "class C:\n  if a:\n    x = 1\n    @d\n    def f(self): pass\n"
    check(code, ["class C: class C", "variable C.x: x = 1", "function C.f: def f(self)"])


@pytest.mark.parametrize(
    ("code", "signature"),
    [
        ("def f(\n    a,  # first\n    b,\n): pass", "def f(a, b)"),
        ("class A(\n    B, C\n): pass", "class A(B, C)"),
        ("def  f ( a ) : pass", "def  f ( a )"),
        ("def f(a='#'): pass", "def f(a='#')"),
        ("def f(a='\0'): pass", "def f(a='\ufffd')"),
        ("x = [\n  1,\n]", "x = [1]"),
        ("x = 'é'", "x = 'é'"),
    ],
)
def test_a_signature_is_one_line(code: str, signature: str) -> None:
    assert outline_of(code).definitions[0].signature == signature


@pytest.mark.parametrize("known", [PYTHON, JAVASCRIPT], ids=lambda each: each.id)
@pytest.mark.parametrize("separator", [", ", ",\n"], ids=["one line", "many lines"])
def test_a_long_signature_is_cut(known: Language, separator: str) -> None:
    numbers = separator.join(map(str, range(5000)))
    code = f"x = [{numbers}]" if known is PYTHON else f"var x = [{numbers}]"
    (found,) = outline_of(code, known).definitions
    assert 195 <= len(found.signature) <= 200
    assert found.signature.endswith("…")


def test_long_and_many_names_are_cut() -> None:
    code = f"class {'a' * 5000}:\n  class B:\n    def f(self): pass\n"
    names = [each.qualified_name for each in outline_of(code).definitions]
    assert names == ["a" * 200, "a" * 200 + ".B", "….f"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def broken(\n\ndef fine(): pass\n", ["function fine: def fine()"]),
        (
            "class A:\n  def f(self):\n    x = (\n  def g(self): pass\n",
            ["class A: class A", "function A.f: def f(self)", "function A.g: def g(self)"],
        ),
        ("def (a): pass\nclass : pass", []),
        ("def f(a):\n", ["function f: def f(a)"]),
        ("class A:", ["class A: class A"]),
    ],
)
def test_what_parsed_is_found_next_to_errors(code: str, expected: list[str]) -> None:
    check(code, expected)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_protocol(ending: str) -> None:
    code = ending.join(["var x = 1;\f", "function f() {", "}", "var y = '\u2028'"])
    found = outline_of(code, JAVASCRIPT).definitions
    assert [each.lines for each in found] == [(1, 1), (2, 3), (4, 4)]


def test_spans_count_bytes() -> None:
    found = definition("s = 'äöü🦀'\ndef f(): pass", "f")
    assert (found.span.start, found.span.end) == (17, 30)


# Imports.


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import a", ["a = a"]),
        ("import a.b, c.d as e", ["a = a.b", "e = c.d"]),
        ("from a.b import c, d as e", ["c = a.b : c", "e = a.b : d"]),
        ("from . import a", ["a = . : a"]),
        ("from ..a.b import (c,\n  d)", ["c = ..a.b : c", "d = ..a.b : d"]),
        ("from a import *", ["* = a : *"]),
        ("from __future__ import annotations", []),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", ["a = a", "b = b"]),
        ("try:\n    import a\nexcept E:\n    import b as a", ["a = a", "a = b"]),
        ("def f():\n    if x:\n        from a import b\n", ["b = a : b"]),
        ("class A:\n    import a\n    def f(self): import b", ["a = a", "b = b"]),
        ("def f():\n    class A:\n        def g(self):\n            import a", ["a = a"]),
        ("import (\nimport a", ["a = a"]),
        ("x = 'import a'", []),
    ],
)
def test_imports(code: str, expected: list[str]) -> None:
    check_imports(code, expected)


# Calls.


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f(x)", ["1:  > f"]),
        ("self.db.save(a, g())", ["1:  > save", "1:  > g"]),
        ("f(x)(y)", ["1:  > f"]),
        ("a().b().c()", ["1:  > a", "1:  > b", "1:  > c"]),
        ("a[0](); (lambda: 0)(); 'x'.join(y)", ["1:  > join"]),
        ("(a\n .b())", ["2:  > b"]),
        ("größe()", ["1:  > größe"]),
        ("@d(1)\ndef f(): g()\nh()", ["1: f > d", "2: f > g", "3:  > h"]),
        (
            "class A(B()):\n  x = c()\n  def m(self):\n    def inner(): d()\n    e()\nf()",
            ["1: A > B", "2: A > c", "4: A.m > d", "5: A.m > e", "6:  > f"],
        ),
        ("x = f()", ["1:  > f"]),
        ("def f(a=g()): pass", ["1: f > g"]),
    ],
)
def test_calls(code: str, expected: list[str]) -> None:
    check_calls(code, expected)


# Comments.


def test_comments() -> None:
    check_comments(
        "#!/bin/x\n#\n# one\nx = '# no'  #: two #\n", [(1, "bin/x"), (3, "one"), (4, ": two")]
    )


# Anything else.

DEEP = {
    "brackets": "x = " + "[" * 5000 + "]" * 5000,
    "open brackets": "(" * 100_000,
    "open braces": "{" * 100_000,
    "blocks": "".join(" " * depth + "if x:\n" for depth in range(1500)) + " " * 1500 + "y = 1",
    "functions": "".join(" " * depth + "def f():\n" for depth in range(1500)) + " " * 1500 + "1",
    "a chain": "x = a" + ".b()" * 50_000,
    "calls": "f(" * 50_000 + ")" * 50_000,
    "braces": "if (x) {" * 1500 + "}" * 1500,
    "bare braces": "{" * 50_000 + "}" * 50_000,
    "objects": "const x = " + "{a: " * 5000 + "1" + "}" * 5000,
    "arrows": "const f = " + "x => " * 5000 + "1",
    "classes": "class A { b = " * 1500 + "}" * 1500,
    "elements": "x = " + "<A>" * 5000 + "</A>" * 5000,
    "decorators": "class A { " + "@d " * 5000 + " m() {} }",
    "one line": "x = '" + "é" * 500_000 + "'",
    "a name": "x" * 1_000_000,
    "comments": "/** a */ " * 50_000 + "#" * 100_000,
    "semicolons": "x = 1;" * 20_000,
    "imports": "from a import " + ", ".join(f"b{i}" for i in range(20_000)),
    "NUL": "\0" * 100_000,
}


@pytest.mark.parametrize("known", [PYTHON, JAVASCRIPT, TSX], ids=lambda each: each.id)
@pytest.mark.parametrize("code", DEEP.values(), ids=DEEP)
def test_deep_and_long_texts(code: str, known: Language) -> None:
    data = code.encode()
    tree = parse(data, known)
    found = outline(tree, data, known)
    assert len(found.definitions) <= 40_000
    assert all(len(each.signature) <= 200 for each in found.definitions)
    called = calls(tree, data, known, found.definitions)
    assert all(each.line >= 1 for each in called)
    assert all(text for _, text in comments(tree, data, known))


def test_calls_are_found_deep_down() -> None:
    code = "f(" * 5000 + ")" * 5000
    data = code.encode()
    assert len(calls(parse(data), data, PYTHON, ())) == 5000


PIECES = [
    *("def f(", "a", "):", "\n", "\n    ", "class C", ":", "@d", "(", ")", "'''", "#", "import a"),
    *("from . import b as c", "x = 1", "function g(", "{", "}", "=>", "const h = ", "export "),
    *("import {i} from 'j'", "require('k')", "/** l */", "//", "interface M", "async ", "<N/>"),
    *("é", "\r", "\0", "🦀", "\ud800", "`${", ".o", "default ", ",", ";", "=", "class "),
]


@pytest.mark.parametrize("known", [PYTHON, JAVASCRIPT, TSX], ids=lambda each: each.id)
@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from(PIECES), max_size=40)
    .map("".join)
    .map(lambda code: code.encode(errors="surrogatepass"))
    | st.binary(max_size=200)
)
def test_any_bytes_have_an_outline(known: Language, data: bytes) -> None:
    tree = parse(data, known)
    found = outline(tree, data, known)
    starts = [(each.span.start, -each.span.end) for each in found.definitions]
    assert starts == sorted(starts)
    for each in found.definitions:
        assert 0 <= each.span.start == each.header.start <= each.header.end <= each.span.end
        assert each.span.end <= len(data)
        assert 1 <= each.lines[0] <= each.lines[1] <= len(data.splitlines())
        assert each.qualified_name.endswith(each.name)
    for earlier, later in zip(found.definitions, found.definitions[1:], strict=False):
        assert later.span.start >= earlier.span.end or later.span.end <= earlier.span.end
        assert earlier.kind != "function" or later.span.start >= earlier.span.end
    for call in calls(tree, data, known, found.definitions):
        assert 1 <= call.line <= len(data.splitlines())
    for line, text in comments(tree, data, known):
        assert 1 <= line <= len(data.splitlines())
        assert text
