from __future__ import annotations

import pytest

from tests.unit.project import Files
from tests.unit.resolving import STORE, body, check, find, references

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
