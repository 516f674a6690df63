from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.context.callers import MOST_CALLERS
from qwlsp.context.resolve import MOST, related
from qwlsp.documents import Snapshot
from qwlsp.syntax.scopes import block
from qwlsp.text import Span, Text
from tests.unit.project import Files
from tests.unit.resolving import STORE, body, check, find, references

# What is in focus


def roles(code: str, focus: str, **others: str) -> list[tuple[str, str]]:
    sources = {"a.py": code, **{f"{name}.py": text for name, text in others.items()}}
    return [
        (each.role, each.definition.qualified_name)
        for each in references(Files(sources), f"a.py:{focus}")
    ]


def test_the_class_of_a_method_and_the_fields_that_it_uses() -> None:
    code = "class A:\n  size = 1\n  other = 2\n  def f(self): return self.size"
    assert roles(code, "A.f") == [("class", "A"), ("class", "A.size")]


def test_the_class_around_a_class() -> None:
    assert roles("class A:\n  class B: pass", "A.B") == [("class", "A")]


def test_a_class_refers_to_nothing_inside_it() -> None:
    code = "class A:\n  x = 1\n  def g(self): self.x\n  def f(self): self.g()\ndef h(): pass"
    assert roles(code + "\nclass B(A):\n  def f(self): h()", "A") == []


def test_each_method_of_a_class_has_its_own_names() -> None:
    code = "def g(): pass\nclass A:\n  def one(self, g): g()\n  def two(self): g()"
    assert roles(code, "A") == [("definition", "g")]


def test_a_method_called_as_a_function_is() -> None:
    code = "def parse(): pass\nclass A:\n  def parse(self): parse()"
    assert roles(code, "A") == [("definition", "parse")]


def test_a_module_refers_to_what_it_imports() -> None:
    code = "from m import g, LIMIT\nfrom gone import h\nimport m\ng()"
    assert roles(code, "", m="def g(): pass\nLIMIT = 1") == [
        ("definition", "g"),
        ("definition", "LIMIT"),
    ]


def test_text_without_a_grammar_refers_to_nothing() -> None:
    snapshot = Snapshot("file:///a.txt", 1, "plaintext", Text.of("f()\n"))
    assert related("a.txt", block(snapshot.text, Span(0, 3)), snapshot, Files({})) == []


# Callers


def callers(sources: dict[str, str], focus: str) -> list[str]:
    found = references(Files(sources), focus)
    return [f"{c.path}:{c.definition.qualified_name}" for c in found if c.role == "caller"]


def test_who_calls_a_function() -> None:
    sources = {
        "b.py": "from a import f\ndef g(): f()\nclass C:\n  def h(self):\n    def i(): f()",
        "c.py": "import a\ndef g(): a.f()",
        "a.py": "def f(): f()\ndef g(): f()",
    }
    assert callers(sources, "a.py:f") == ["a.py:g", "b.py:g", "b.py:C.h", "c.py:g"]


def test_not_who_calls_another_function_of_that_name() -> None:
    sources = {"a.py": "def f(): pass", "b.py": "def g(): f()", "c.py": "import b\ndef g(): b.f()"}
    assert callers(sources, "a.py:f") == []


def test_callers_that_import_a_re_export() -> None:
    sources = {
        "p/__init__.py": "from .m import A",
        "p/m.py": "class A:\n  def run(self): pass",
        "b.py": "from p import A\ndef g(a: A): a.run()",
        "c.py": "import p\ndef g(): p.A().run()",
        "d.py": "import q\ndef g(): q.run()",
    }
    assert callers(sources, "p/m.py:A.run") == ["b.py:g", "c.py:g"]


def test_calls_of_a_class_are_those_of_its_constructor() -> None:
    sources = {"a.py": "class A:\n  def __init__(self): pass\ndef g(): A()"}
    assert callers(sources, "a.py:A.__init__") == ["a.py:g"]
    assert callers(sources, "a.py:A") == ["a.py:g"]


@pytest.mark.parametrize("name", ["__len__", "items"])
def test_no_callers_by_a_name_that_says_nothing(name: str) -> None:
    code = f"class A:\n  def {name}(self): pass\ndef g(a): a.{name}()"
    assert callers({"a.py": code}, f"a.py:A.{name}") == []


def test_code_outside_functions_is_no_caller() -> None:
    assert callers({"a.py": "def f(): pass\nf()"}, "a.py:f") == []


def test_a_few_callers_are_enough() -> None:
    code = "def f(): pass\n" + "".join(f"def g{number}(): f()\n" for number in range(9))
    assert len(callers({"a.py": code}, "a.py:f")) == MOST_CALLERS


def test_a_caller_that_is_called_is_named_once() -> None:
    assert roles("def f(): g()\ndef g(): f()", "f") == [("definition", "g")]


# Order


def test_what_is_used_most_comes_first() -> None:
    check(body("g(); h(); h()") + "def g(): pass\ndef h(): pass", "h", "g")


def test_the_order_of_all_kinds() -> None:
    code = """\
LIMIT = 1
class Bad(Exception): pass
class B:
    def __init__(self): pass
class A(B):
    def g(self): pass
    def f(self, x: T):
        if LIMIT: raise Bad
        B()
        h()
class T: pass
def h() -> R: pass
class R: pass
def k(a): a.f()
"""
    assert roles(code, "A.f") == [
        ("class", "A"),
        ("definition", "B"),
        ("definition", "h"),
        ("definition", "T"),
        ("definition", "LIMIT"),
        ("definition", "Bad"),
        ("definition", "B.__init__"),
        ("definition", "R"),
        ("caller", "k"),
    ]


def test_callers_have_room_beside_many_definitions() -> None:
    code = "def f():\n" + "".join(f"  g{number}()\n" for number in range(99))
    code += "".join(f"def g{number}(): pass\n" for number in range(99)) + "def h(): f()\n"
    found = roles(code, "f")
    assert len(found) == MOST
    assert found[0] == ("definition", "g0")
    assert found[-1] == ("caller", "h")


# JavaScript


def javascript(code: str, focus: str, **others: str) -> list[tuple[str, str]]:
    sources = {"a.js": code, **{f"{name}.js": text for name, text in others.items()}}
    return [
        (each.path, each.definition.qualified_name)
        for each in references(Files(sources), f"a.js:{focus}")
    ]


def test_javascript_in_one_file() -> None:
    code = "const LIMIT = 1\nfunction f() { return g(LIMIT) // h\n}\nfunction g() {}\n"
    code += "function h() {}"
    assert javascript(code, "f") == [("a.js", "g"), ("a.js", "LIMIT")]


def test_javascript_imports() -> None:
    code = "import * as n from './m'\nimport k from './m'\nfunction f() { n.g(); k() }"
    other = "export function g() {}\nexport default function k() {}"
    assert javascript(code, "f", m=other) == [("m.js", "g"), ("m.js", "k")]


def test_javascript_re_exports() -> None:
    code = "import { h } from './m'\nfunction f() { h() }"
    found = javascript(code, "f", m="export { g as h } from './n'", n="export function g() {}")
    assert found == [("n.js", "g")]


def test_methods_of_javascript() -> None:
    code = "class B { h() {} }\nclass A extends B { #g() {} f() { this.#g(); this.h?.() } }"
    assert [name for _, name in javascript(code, "A.f")] == ["A", "A.#g", "B.h", "B"]


# Bad input


def test_imports_in_a_circle() -> None:
    check(
        "from b import g\n" + body("g()"),
        b="from c import g",
        c="from a import g",
    )


def test_stars_in_a_circle() -> None:
    check(
        "from b import *\n" + body("g(); h()"),
        "c.py:g",
        b="from c import *",
        c="from a import *\nfrom b import *\ndef g(): pass",
    )


def test_a_file_that_imports_itself() -> None:
    check(
        "from a import *\nfrom a import g\nimport a\n" + "def f(): g(); a.a.a.h()\ndef h(): 1", "h"
    )


def test_a_module_in_itself_forever() -> None:
    check("import a\n" + body("a.a.a.a.a.a.a.a.a.a.a.a.a.g()") + "def g(): pass")


def test_a_class_that_is_its_own_base() -> None:
    check("class A(A):\n  def f(self): self.g(); super().h(); A()", focus="A.f")


def test_bases_in_a_circle() -> None:
    code = "from b import B\nclass A(B):\n  def f(self): self.g(); self.nothing()"
    other = "from a import A\nclass B(A):\n  def g(self): pass"
    check(code, "b.py:B.g", "b.py:B", focus="A.f", b=other)


def test_a_class_whose_base_is_inside_it() -> None:
    code = "class A(A.B):\n  class B: pass\n  def f(self): self.g()"
    check(code, focus="A.f")


def test_names_that_stand_for_each_other() -> None:
    check("x = y\ny = x\n" + body("x.g().h(); y()"), "x", "y")


def test_functions_that_return_each_other() -> None:
    check("def g() -> h: pass\ndef h() -> g: pass\n" + body("g()()().x"), "g")


def test_fields_that_are_set_from_each_other() -> None:
    code = "class A:\n  def __init__(self): self.x = self.y; self.y = self.x\n"
    check(code + "  def f(self): self.x.g()", "A.__init__", focus="A.f")


def test_a_long_chain_of_aliases_ends() -> None:
    chain = "".join(f"x{number} = x{number + 1}\n" for number in range(5000))
    check(chain + body("x0.g()"), "x0")


def test_a_long_line_of_bases_ends() -> None:
    chain = "".join(f"class C{number}(C{number + 1}): pass\n" for number in range(3000))
    check(chain + "class A(C0):\n  def f(self): self.g()", focus="A.f")


def test_a_long_chain_of_modules_ends() -> None:
    others = {f"m{number}": f"from m{number + 1} import g" for number in range(3000)}
    check("from m0 import g\n" + body("g()"), **others)


def test_a_long_line_of_classes_that_need_each_other_ends() -> None:
    classes = "".join(
        f"class C{number}(C{number + 1}.D): x: C{number + 1}\n" for number in range(3000)
    )
    found = find({"a.py": classes + body("C0.x.x")}, "a.py:f")
    assert found == ["C0", "C0.x", "C1.x", "C1", "C2"]


def test_files_that_vanish() -> None:
    class Gone(Files):
        def outline(self, path: str) -> None:
            return None

        def text(self, path: str) -> None:
            return None

    files = Gone({"a.py": "from m import g\n" + body("g()"), "m.py": "def g(): pass"})
    assert references(files, "a.py:f") == []


def test_files_that_lose_their_text_after_their_outline() -> None:
    class Empty(Files):
        def text(self, path: str) -> None:
            return None

    code = "from m import A\ndef f(a: A): a.store.save()"
    other = STORE + "class A:\n  def __init__(self): self.store = Store()"
    files = Empty({"a.py": code, "m.py": other})
    assert [each.definition.name for each in references(files, "a.py:f")][:1] == ["A"]


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n  g(\ndef g(): pass\n",
        "def f():\n  return (g(), \n\n\ndef g():\n    pass\n",
        "class : pass\ndef f(: g()\ndef g(): pass",
        "def f(x: , *, y: = g): g(]\ndef g(): pass",
    ],
)
def test_next_to_syntax_errors(code: str) -> None:
    files = Files({"a.py": code})
    snapshot = files.snapshot("a.py")
    at = code.index("f")
    scope = snapshot.scope_at(Span(at, at))
    assert {each.definition.name for each in related("a.py", scope, snapshot, files)} <= {"g"}


@pytest.mark.parametrize(
    "line",
    [
        "(" * 5000 + "g()" + ")" * 5000,
        "g()" + ".a()" * 20_000,
        "g" + "[g" * 3000 + "]" * 3000,
        "x = " + "y = " * 5000 + "g()",
        "not " * 5000 + "g()",
        "lambda: " * 2000 + "g()",
        "x: " + "list[" * 2000 + "int" + "]" * 2000 + " = g()",
    ],
    ids=["parentheses", "calls", "items", "assignments", "operators", "lambdas", "types"],
)
def test_deeply_nested_code(line: str) -> None:
    check("def g(): pass\n" + body("g()", line), "g")


@pytest.mark.parametrize("name", ["ü", "名前", "_", "x" * 200, "ﬁ"])
def test_any_names(name: str) -> None:
    check(f"from m import {name}\n" + body(f"{name}()"), f"m.py:{name}", m=f"def {name}(): pass")


PIECES = [
    *("def f(self, a: B = c) -> D:", "class A(B, m.C):", "async def g():", "import m.n", "@h(m)"),
    *("from . import b", "from b import *", "from m import f as A", "self.x = a.b(c)", "x: A = f"),
    *("return super().f(x)", "for a, b in f(A): a.b()", "with A() as x: x.f", "raise m.C from f"),
    *("except (A, m.B) as e:", "case A(x=B()) as c:", "lambda q: q.f", "global x", "A = B"),
    *("(", ")", "[", ":", "=", ".", "'", '"""', "\\", "é", "\0", "\r", "\ufeff", "\U0001f980"),
]
LINES = st.tuples(st.integers(0, 4), st.lists(st.sampled_from(PIECES), min_size=1, max_size=2))
SOURCES = st.lists(LINES, max_size=12).map(
    lambda lines: "\n".join("  " * depth + " ".join(pieces) for depth, pieces in lines)
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(SOURCES, SOURCES, SOURCES)
def test_any_code_refers_to_what_there_is(code: str, other: str, package: str) -> None:
    sources = {"a.py": code, "b.py": other, "m/__init__.py": package}
    files = Files({**sources, "m/n.py": "from m import *"})
    snapshot = files.snapshot("a.py")
    scopes = [snapshot.scope_at(each.header) for each in snapshot.outline.definitions]
    for scope in [snapshot.whole, *scopes]:
        found = related("a.py", scope, snapshot, files)
        assert len(found) <= MOST
        assert len({(each.path, each.definition.span) for each in found}) == len(found)
        for each in found:
            outline = files.outline(each.path)
            assert outline is not None
            assert each.definition in outline.definitions
            assert each.definition.span != scope.span or each.path != "a.py"
