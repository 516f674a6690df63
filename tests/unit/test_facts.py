from __future__ import annotations

import pytest

from qwlsp.syntax.body import Branch, Loop
from qwlsp.syntax.facts import (
    ClassFacts,
    FunctionFacts,
    Member,
    ModuleFacts,
    Parameter,
    facts,
    parameters,
    signature,
)
from qwlsp.syntax.scopes import Scope, module, scopes
from qwlsp.syntax.tree import parse


def scope_of(code: str, name: str = "") -> Scope:
    """The scope with that qualified name, by default the first one."""
    found = scopes(parse(code.encode()))
    return next(scope for scope in found if name in ("", scope.qualified_name))


def function(code: str, name: str = "") -> FunctionFacts:
    known = facts(scope_of(code, name))
    assert isinstance(known, FunctionFacts)
    return known


def body(*lines: str) -> FunctionFacts:
    return function("def f(self):\n" + "".join(f"    {line}\n" for line in lines))


def class_(code: str) -> ClassFacts:
    known = facts(scope_of(code))
    assert isinstance(known, ClassFacts)
    return known


def module_(code: str) -> ModuleFacts:
    known = facts(module(parse(code.encode())))
    assert isinstance(known, ModuleFacts)
    return known


# The definition itself


def test_a_plain_function() -> None:
    known = function("def f(a, b: int = 1) -> str:\n    'Doc.'\n    return a\n")
    assert (known.name, known.qualified_name, known.role, known.owner) == (
        "f",
        "f",
        "function",
        None,
    )
    assert known.return_type == "str"
    assert known.docstring == "Doc."
    assert known.line_count == 3
    assert not known.is_async
    assert not known.is_generator
    assert not known.has_errors


@pytest.mark.parametrize(
    ("decorator", "role"),
    [
        ("@other", "method"),
        ("@staticmethod", "static method"),
        ("@classmethod", "class method"),
        ("@property", "property"),
        ("@functools.cached_property", "property"),
        ("@value.setter", "property"),
        ("@app.route('/')", "method"),
    ],
)
def test_the_role_of_a_method(decorator: str, role: str) -> None:
    known = function(f"class C:\n    {decorator}\n    def m(self): pass", "C.m")
    assert (known.role, known.owner) == (role, "C")
    assert known.decorators == (decorator[1:],)


def test_a_method_in_an_if_block_is_a_method() -> None:
    assert function("class C:\n  if x:\n    def m(self): pass", "C.m").role == "method"


def test_a_function_in_a_method_is_nested() -> None:
    known = function("class C:\n def m(self):\n  def g(): pass", "C.m.g")
    assert (known.role, known.owner) == ("nested function", "m")


def test_line_count_leaves_out_decorators() -> None:
    assert function("@a\n@b\ndef f():\n    pass\n").line_count == 2


def test_async_and_generator() -> None:
    assert function("async def f(): pass").is_async
    assert function("def f(): yield").is_generator
    assert not function("def f():\n  def g(): yield").is_generator
    assert not function("def f(): return lambda: (yield)").is_generator


def test_parameters_of_every_kind() -> None:
    code = "def f(a, b: int = 1, /, c=2, *args: str, d, e: list[int] = [], **kw): pass"
    assert parameters(scope_of(code)) == (
        Parameter("a", "positional-only"),
        Parameter("b", "positional-only", "int", "1"),
        Parameter("c", "positional", None, "2"),
        Parameter("args", "var-positional", "str"),
        Parameter("d", "keyword-only"),
        Parameter("e", "keyword-only", "list[int]", "[]"),
        Parameter("kw", "var-keyword"),
    )


def test_a_class_has_no_parameters() -> None:
    assert parameters(scope_of("class C(B): pass")) == ()


@pytest.mark.parametrize(
    "written",
    [
        "f()",
        "f(a, b=1, *, c: int) -> str",
        "f(a, /)",
        "f(a, /, b, *, c=1)",
        "f(*args: int, b: int = 1, **kwargs)",
        'f(a: dict[str, int], b="x")',
    ],
)
def test_a_signature_reads_as_it_was_written(written: str) -> None:
    known = function(f"def {written}: pass")
    assert signature(known.name, known.parameters, known.return_type) == written


# What its body does


def test_returns_are_distinct_and_shortened() -> None:
    known = body("if a: return x", "if b: return", "if c: return x", f"return {'y' * 80}")
    assert known.returns == ("x", "None", "y" * 59 + "…")


def test_yields() -> None:
    known = body("yield", "x = yield a, b", "yield from it")
    assert known.yields == ("None", "a, b", "from it")


def test_raises_names_and_tells_reraising() -> None:
    known = body(
        "raise ValueError('x')", "raise errors.Odd from e", "raise KeyError", "raise KeyError"
    )
    assert known.raises == ("ValueError", "errors.Odd", "KeyError")
    assert not known.reraises


@pytest.mark.parametrize("statement", ["raise", "raise error", "raise error from None"])
def test_reraising_what_was_caught(statement: str) -> None:
    known = body("try: pass", f"except OSError as error: {statement}")
    assert known.raises == ()
    assert known.reraises


def test_catches() -> None:
    known = body(
        "try: pass", "except (A, b.C) as e: pass", "except D: pass", "except: pass", "finally: pass"
    )
    assert known.catches == ("A", "b.C", "D", "BaseException")
    assert known.cleans_up


def test_catching_without_parentheses_and_groups() -> None:
    assert body("try: pass", "except A, B: pass").catches == ("A", "B")
    assert body("try: pass", "except* A as e: pass").catches == ("A",)


@pytest.mark.parametrize(
    ("expression", "calls"),
    [
        ("f(g(x))", ("f", "g")),
        ("f(x); f(y)", ("f",)),
        ("a.b.c(x)", ("a.b.c",)),
        ("a(x).b()", ("a(…).b", "a")),
        ("super().m()", ("super().m", "super")),
        ("a[0].b()", ("a[…].b",)),
        ("', '.join(x)", ("', '.join",)),
        (f"'{'a' * 50}'.join(x)", ('"…".join',)),
        ("(a or b)()", ("(a or b)",)),
        ("x = lambda: f()", ()),
        ("a" + ".b" * 10 + "()", ("…" + ".b" * 8,)),
    ],
)
def test_calls(expression: str, calls: tuple[str, ...]) -> None:
    assert body(expression).calls == calls


def test_awaits() -> None:
    assert function("async def f():\n  await a(1)\n  return await b").awaits == ("a(1)", "b")


def test_loops() -> None:
    known = function(
        "async def f():\n"
        "  for x in a, b: pass\n"
        "  async for x in c: pass\n"
        "  while d > 1: pass\n"
        "  return {k: v for k in e async for v in g}\n"
    )
    assert known.loops == (
        Loop("for", "a, b"),
        Loop("async for", "c"),
        Loop("while", "d > 1"),
        Loop("comprehension", "e"),
        Loop("comprehension", "g"),
    )


def test_equal_loops_count_each() -> None:
    assert len(body("for x in a: pass", "for x in a: pass").loops) == 2


def test_branches() -> None:
    known = body(
        "if a: pass",
        "elif (b and",
        "    c): pass",
        "else: pass",
        "x = 1 if d else 2",
        "match e, g:",
        "    case 1 if h: pass",
    )
    assert known.branches == (
        Branch("if", "a"),
        Branch("elif", "(b and c)"),
        Branch("conditional expression", "d"),
        Branch("match", "e, g"),
    )


def test_contexts() -> None:
    assert body("with open(p) as f, lock: pass").contexts == ("open(p) as f", "lock")


def test_outer_names() -> None:
    known = body("global a, b", "nonlocal c")
    assert (known.globals, known.nonlocals) == (("a", "b"), ("c",))


def test_attributes_assigned_on_the_first_parameter() -> None:
    code = (
        "class C:\n"
        "  def m(me, other):\n"
        "    me.a = me.b = 1\n"
        "    (me.c, [me.d, *rest]), x = y\n"
        "    me.e += 1\n"
        "    me.g: int\n"
        "    other.h = me.i.j = 1\n"
        "    me.a = 2\n"
    )
    assert function(code, "C.m").attributes == ("me.a", "me.b", "me.c", "me.d", "me.e", "me.g")


def test_a_function_has_no_attributes_of_its_own() -> None:
    assert function("def f(self): self.x = 1").attributes == ()
    static = "class C:\n  @staticmethod\n  def f(self): self.x = 1"
    assert function(static, "C.f").attributes == ()


def test_facts_of_nested_functions_stay_theirs() -> None:
    known = body(
        "def g(x=default()):",
        "    global a",
        "    return h()",
        "class C:",
        "    b = i()",
        "@decorate(1)",
        "async def j(): await k()",
    )
    assert known.nested == ("g", "C", "j")
    assert known.calls == ("decorate",)
    assert (known.returns, known.globals, known.awaits) == ((), (), ())


# Classes and modules


def test_a_class() -> None:
    known = class_(
        "@dataclass(frozen=True)\n"
        "class C(A, b.B[int], metaclass=M):\n"
        '    """A class.\n\n    More.\n    """\n'
        "    __slots__ = ()\n"
        "    x: int\n"
        "    y = z = 1\n"
        "    def m(self, a=1) -> int:\n"
        '        """Do it.\n\n        Well.\n        """\n'
        "        self.w = self.x = local = a\n"
        "    @property\n"
        "    def p(self): return 1\n"
        "    class D(E): pass\n"
    )
    assert known.bases == ("A", "b.B[int]")
    assert known.keywords == ("metaclass=M",)
    assert known.decorators == ("dataclass(frozen=True)",)
    assert known.docstring == "A class.\n\nMore."
    assert known.attributes == ("x", "y", "z", "w")
    assert known.methods == (
        Member("method", "m", "m(self, a=1) -> int", "Do it."),
        Member("property", "p", "p(self)", None),
    )
    assert known.classes == (Member("class", "D", "D(E)", None),)
    assert known.line_count == 17


def test_a_module() -> None:
    known = module_(
        '"""About it.\n\nMore."""\n'
        "from __future__ import annotations\n"
        "import os, a.b as c\n"
        "from d.e import f\n"
        "from . import g, h\n"
        "from .i import *\n"
        "try:\n"
        "    import j\n"
        "except ImportError:\n"
        "    j = None\n"
        "LIMIT: int = 1\n"
        "lower = _X, Y = 1, 2\n"
        "class C: pass\n"
        "async def k(): pass\n"
        "if __name__ == '__main__':\n"
        "    k()\n"
    )
    assert known.docstring == "About it.\n\nMore."
    assert known.imports == ("os", "a.b", "d.e", ".g", ".h", ".i", "j")
    assert known.constants == ("LIMIT", "_X", "Y")
    assert [each.signature for each in known.classes] == ["C"]
    assert [each.signature for each in known.functions] == ["k()"]
    assert known.is_program
    assert known.line_count == 18


@pytest.mark.parametrize(("code", "lines"), [("", 0), ("x", 1), ("x\n", 1), ("x\n\n", 2)])
def test_lines_of_a_module(code: str, lines: int) -> None:
    assert module_(code).line_count == lines


def test_errors_are_told() -> None:
    assert module_("def f(").has_errors
    assert class_("class C:\n  def f(self):\n    x = (\n  def g(self): pass\n").has_errors
    assert not module_("x = 1").has_errors


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 20_000 + "1" + ")" * 20_000,
        "x" + ".a()" * 20_000,
        "g(" * 20_000 + ")" * 20_000,
        "await " * 20_000 + "x",
        "1 if a else " * 20_000 + "2",
        "(" * 20_000 + "a" + ",)" * 20_000 + " = 1",
        "[" * 20_000,
    ],
    ids=["parentheses", "chain", "calls", "awaits", "conditions", "targets", "unclosed"],
)
def test_deep_nesting_does_not_overflow(expression: str) -> None:
    code = f"async def f():\n  {expression}\n"
    tree = parse(code.encode())
    for scope in (module(tree), *scopes(tree)):
        facts(scope)
