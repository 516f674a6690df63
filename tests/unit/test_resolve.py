from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.context.callers import MOST_CALLERS
from qwlsp.context.resolve import MOST, Reference, related
from qwlsp.documents import Snapshot
from qwlsp.syntax.scopes import block
from qwlsp.text import Span, Text
from tests.unit.project import Files


def references(files: Files, focus: str) -> list[Reference]:
    """The references of `focus`, a path with the name of the function or class: "a.py:Order"."""
    path, _, name = focus.partition(":")
    return related(path, files.scope(path, name), files.snapshot(path), files)


def find(sources: dict[str, str], focus: str) -> list[str]:
    """Definitions in order, those in other files than a.py as "path:name"; no class, no callers."""
    return [
        each.definition.qualified_name
        if each.path == "a.py"
        else f"{each.path}:{each.definition.qualified_name}"
        for each in references(Files(sources), focus)
        if each.role == "definition"
    ]


def check(code: str, *expected: str, focus: str = "f", **others: str) -> None:
    """Check which definitions `focus`, in the file a.py with this code, refers to, in order.

    `others` are the files beside it, without their extension.
    """
    sources = {"a.py": code, **{f"{path}.py": text for path, text in others.items()}}
    assert find(sources, f"a.py:{focus}") == list(expected)


def body(*lines: str) -> str:
    return "def f(a, b=None):\n" + "".join(f"    {line}\n" for line in lines)


# Names of the same file


def test_a_function_that_is_called() -> None:
    check(body("g()") + "def g(): pass", "g")


def test_a_function_that_is_only_mentioned() -> None:
    check(body("return map(g, a)") + "def g(): pass", "g")


def test_a_class_with_its_constructor() -> None:
    check(body("A(1)") + "class A:\n  def __init__(self, x): pass", "A", "A.__init__")


def test_a_constant() -> None:
    check("LIMIT = 5\n" + body("return LIMIT"), "LIMIT")


def test_a_variable_in_lower_case() -> None:
    check("logger = make()\n" + body("logger.info(1)"), "logger")


def test_a_global_that_is_changed() -> None:
    check("count = 0\n" + body("global count", "count = count + 1"), "count")


def test_a_decorator() -> None:
    check("def deco(g): pass\n@deco\ndef f(): pass", "deco")


def test_a_default() -> None:
    check("def f(a=LIMIT): pass\nLIMIT = 1", "LIMIT")


def test_names_in_a_function_inside() -> None:
    check(body("def inner():", "    return g()") + "def g(): pass", "g")


def test_names_in_an_f_string() -> None:
    check(body("return f'{g(a)!r}'") + "def g(): pass", "g")


def test_names_in_strings_and_comments_count_for_nothing() -> None:
    check(body("return 'g'  # g") + "def g(): pass")


@pytest.mark.parametrize(
    "line",
    [
        "a()",
        "a = 1; a",
        "[a for a in b]",
        "for a in b: a",
        "with b as a: a",
        "(a := 1)",
        "lambda a: a",
        "import a",
        "def a(): pass",
        "g(a=1)",
        "b.a",
        "x, (*a, y) = b; a",
    ],
)
def test_a_name_of_its_own_is_not_that_of_the_file(line: str) -> None:
    check(body(line) + "def a(): pass")


def test_builtins_and_unknown_names() -> None:
    check(body("print(len(a), nothing.at.all())"))


def test_not_itself() -> None:
    check(body("return f(a)"))


def test_the_definition_with_a_body_of_an_overloaded_function() -> None:
    code = "@overload\ndef g(): ...\ndef g(x):\n    return x\n" + body("g()")
    found = references(Files({"a.py": code}), "a.py:f")
    assert [each.definition.lines for each in found] == [(3, 4)]


# Other files


def test_a_function_from_a_module() -> None:
    check("from m import g\n" + body("g()"), "m.py:g", m="def g(): pass")


def test_under_another_name() -> None:
    check("from m import g as h\n" + body("h()"), "m.py:g", m="def g(): pass")


def test_a_module_imported_as_another_name() -> None:
    check("import m as n\n" + body("n.g()"), "m.py:g", m="def g(): pass")


def test_a_function_of_an_imported_module() -> None:
    check("import m\n" + body("m.g()"), "m.py:g", m="def g(): pass")


def test_a_module_in_a_package() -> None:
    check("import p.m\n" + body("p.m.g()"), "p/m.py:g", **{"p/m": "def g(): pass"})


def test_a_module_in_a_package_as_another_name() -> None:
    check("import p.m as n\n" + body("n.g()"), "p/m.py:g", **{"p/m": "def g(): pass"})


def test_a_module_from_a_package() -> None:
    check("from p import m\n" + body("m.g()"), "p/m.py:g", **{"p/m": "def g(): pass"})


def test_an_import_inside_the_function() -> None:
    check(body("from m import g", "g()"), "m.py:g", m="def g(): pass")


def test_an_import_for_type_checking() -> None:
    code = "if TYPE_CHECKING:\n    from m import A\ndef f(x: A): pass"
    check(code, "m.py:A", m="class A: pass")


def test_the_first_import_that_there_is() -> None:
    code = "try:\n    from quick import g\nexcept ImportError:\n    from m import g\n"
    check(code + body("g()"), "m.py:g", m="def g(): pass")


@pytest.mark.parametrize(
    "line", ["from .m import g", "from . import m", "from ..p.m import g", "from ..p import m"]
)
def test_relative_imports(line: str) -> None:
    code = line + "\n" + body("g()" if line.endswith("g") else "m.g()")
    assert find({"p/x.py": code, "p/m.py": "def g(): pass"}, "p/x.py:f") == ["p/m.py:g"]


def test_a_relative_import_in_a_package_s_own_file() -> None:
    sources = {"p/__init__.py": "from . import m\n" + body("m.g()"), "p/m.py": "def g(): pass"}
    assert find(sources, "p/__init__.py:f") == ["p/m.py:g"]


def test_re_exports_over_several_files() -> None:
    check(
        "from p import g\n" + body("g()"),
        "p/q/m.py:h",
        **{"p/__init__": "from .q import k as g", "p/q/__init__": "from .m import h as k"},
        **{"p/q/m": "def h(): pass"},
    )


def test_re_exports_with_a_star() -> None:
    check(
        "from p import g\n" + body("g()"),
        "p/m.py:g",
        **{"p/__init__": "from .n import *\nfrom .m import *", "p/m": "def g(): pass", "p/n": ""},
    )


def test_a_star_here() -> None:
    check("from m import *\n" + body("g()"), "m.py:g", m="def g(): pass")


def test_the_own_file_comes_before_a_star() -> None:
    check("from m import *\n" + body("g()") + "def g(): pass", "g", m="def g(): pass")


def test_a_name_of_the_package_comes_before_a_module_of_that_name() -> None:
    check(
        "from p import m\n" + body("m()"),
        "p/__init__.py:m",
        **{"p/__init__": "def m(): pass", "p/m": ""},
    )


def test_a_class_as_an_attribute_of_a_re_exported_module() -> None:
    check("import p\n" + body("p.m.g()"), "q.py:g", p="import q as m", q="def g(): pass")


def test_an_alias() -> None:
    check("from m import g\n" + body("g()"), "m.py:g", "m.py:h", m="g = h\ndef h(): pass")


# Methods and attributes

CLASS = """\
class A:
    size = 1
    def __init__(self, x): self.x = x
    def g(self): pass
    @classmethod
    def make(cls): pass
"""


def method(*lines: str) -> str:
    return CLASS + "    def f(self, a):\n" + "".join(f"        {line}\n" for line in lines)


def test_a_method_on_self() -> None:
    check(method("self.g()"), "A.g", focus="A.f")


def test_a_method_on_cls() -> None:
    check(method("cls.make()"), "A.make", focus="A.f")


def test_a_method_of_a_base_class() -> None:
    code = "class B:\n  def h(self): pass\nclass A(B):\n  def f(self): self.h()"
    check(code, "B.h", "B", focus="A.f")


def test_a_method_of_a_base_class_in_another_file() -> None:
    code = "import m\nclass A(m.B):\n  def f(self): self.h()"
    base = "from n import C\nclass B(C): pass"
    check(code, "n.py:C.h", "n.py:C", focus="A.f", m=base, n="class C:\n  def h(self): pass")


def test_super() -> None:
    code = "class B:\n  def f(self): pass\nclass A(B):\n  def f(self): super().f()"
    check(code, "B.f", "B", focus="A.f")


def test_a_method_that_subclasses_override() -> None:
    code = "class A:\n  def g(self): raise NotImplementedError\n  def f(self): self.g()\n"
    check(code + "class B(A):\n  def g(self): pass", "A.g", "B.g", focus="A.f")


def test_a_class_method_through_the_class() -> None:
    check(CLASS + body("A.make()"), "A", "A.make", "A.__init__")


def test_an_attribute_through_the_class() -> None:
    check(CLASS + body("A.size"), "A", "A.size", "A.__init__")


def test_where_an_attribute_is_set() -> None:
    check(method("return self.x"), "A.__init__", focus="A.f")


def test_an_inner_class() -> None:
    check("class A:\n  class B: pass\n" + body("A.B()"), "A", "A.B")


def test_a_method_in_a_nested_function_of_a_method() -> None:
    check(method("def inner(): return self.g()"), "A.g", focus="A.f")


# Values of known classes

STORE = "class Store:\n  def save(self): pass\n"


@pytest.mark.parametrize(
    "code",
    [
        "def f(s: Store): s.save()",
        "def f(s: 'Store'): s.save()",
        "def f(s: Optional[Store] = None): s.save()",
        "def f(s: Store | None): s.save()",
        "def f(s: Union[int, 'Store']): s.save()",
        "def f(*s: Store): s[0].save()",
        "def f(stores: list[Store]):\n  for s in stores: s.save()",
        "def f(stores: list[Store]): [s.save() for s in sorted(stores)]",
        "def f(stores: dict[str, Store]):\n  for k, s in stores.items(): s.save()",
        "def f():\n  s: Store = get()\n  s.save()",
        "def f():\n  s = Store()\n  s.save()",
        "def f(x):\n  s = x or Store()\n  s.save()",
        "def f():\n  with Store() as s: s.save()",
        "def f():\n  if s := Store(): s.save()",
        "def f():\n  t = s = Store()\n  t.save()",
        "def f():\n  Store().save()",
        "def f(x):\n  match x:\n    case Store() as s: s.save()",
        "async def f(s: Store): (await s).save()",
    ],
)
def test_a_method_of_a_local_value(code: str) -> None:
    assert sorted(find({"a.py": STORE + code}, "a.py:f")) == ["Store", "Store.save"]


@pytest.mark.parametrize(
    "field",
    [
        "store: Store",
        "store = Store()",
        "def __init__(self): self.store = Store()",
        "def __init__(self, s: Store): self.store = s",
        "def __init__(self, s): self.store: Store = s",
        "def __init__(self, s: Store):\n    t = s\n    self.first = t\n    self.store = self.first",
        "@property\n  def store(self) -> Store: pass",
    ],
)
def test_a_method_of_a_field(field: str) -> None:
    code = f"from m import Store\nclass A:\n  {field}\n  def f(self): self.store.save()"
    found = find({"a.py": code, "m.py": STORE}, "a.py:A.f")
    assert {"m.py:Store.save", "m.py:Store"} <= {*found}


def test_a_field_of_a_field() -> None:
    code = "from m import A\ndef f(a: A): a.store.save()"
    others = {"m": "from n import Store\nclass A:\n  def __init__(self): self.store = Store()"}
    found = find({"a.py": code, "m.py": others["m"], "n.py": STORE}, "a.py:f")
    assert found[:3] == ["n.py:Store.save", "m.py:A", "m.py:A.__init__"]


def test_what_a_function_returns() -> None:
    check(
        "from m import get\ndef f(): get().save()",
        "m.py:get",
        "m.py:Store.save",
        "m.py:Store",
        m=STORE + "def get() -> Store: pass",
    )


def test_what_a_function_with_a_long_signature_returns() -> None:
    many = ", ".join(f"parameter_{number}: int = {number}" for number in range(20))
    code = STORE + f"@deco\ndef get({many}) -> Store: pass\ndef f():\n  s = get()\n  s.save()"
    assert "Store.save" in find({"a.py": code}, "a.py:f")


def test_what_a_method_returns_that_is_of_its_own_class() -> None:
    code = "class A:\n  def one(self) -> 'Self': pass\n  def two(self): pass\n"
    check(code + "def f(a: A): a.one().two()", "A.one", "A.two", "A")


def test_a_value_of_the_module() -> None:
    check(STORE + "store = Store()\ndef f(): store.save()", "Store.save", "store", "Store")


def test_a_value_of_another_module() -> None:
    check(
        "import m\ndef f(): m.store.save()",
        "m.py:Store.save",
        "m.py:store",
        "m.py:Store",
        m=STORE + "store: Store = make()",
    )


def test_an_alias_of_types() -> None:
    code = STORE + "Target = Union[Store, int]\ndef f(t: Target): t.save()"
    assert sorted(find({"a.py": code}, "a.py:f")) == ["Store", "Store.save", "Target"]


def test_the_only_method_of_that_name() -> None:
    check(STORE + body("a.save()"), "Store.save", "Store")


def test_the_only_method_of_that_name_on_an_unknown_field() -> None:
    code = STORE + "class A:\n  def __init__(self, x): self.x = x\n  def f(self): self.x.save()"
    check(code, "A.__init__", "Store.save", "Store", focus="A.f")


@pytest.mark.parametrize("line", ["m.n.save()", "open(a).save()", "n().save()", "self.g.save()"])
def test_not_the_only_method_of_that_name_where_something_is_known(line: str) -> None:
    code = f"import m\nfrom o import n\n{STORE}class A:\n  def g(self): pass\n"
    found = find({"a.py": f"{code}  def f(self, a): {line}"}, "a.py:A.f")
    assert "Store.save" not in found


def test_not_one_of_two_methods_of_that_name() -> None:
    check(STORE + STORE.replace("Store", "Other") + body("a.save()"))


def test_not_a_method_that_any_list_has() -> None:
    check("class A:\n  def append(self): pass\n" + body("a.append(b)"))


# Types, errors, bases


@pytest.mark.parametrize(
    "annotation", ["A", "'A'", "list[A]", "Optional['A']", "int | A", "m.A", "'dict[str, m.A]'"]
)
def test_a_type_in_the_signature(annotation: str) -> None:
    module = "import m\nfrom m import A\n"
    check(module + f"def f(x: {annotation}): pass", "m.py:A", m="class A: pass")
    check(module + f"def f() -> {annotation}: pass", "m.py:A", m="class A: pass")


@pytest.mark.parametrize(
    "line", ["raise A(1)", "raise A from None", "try: pass\n    except (A, B) as e: pass"]
)
def test_an_exception(line: str) -> None:
    check("class A(Exception): pass\n" + body(line), "A")


def test_a_base_class() -> None:
    check("class B: pass\nclass A(B): pass", "B", focus="A")


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
