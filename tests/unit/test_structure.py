from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qwlsp.actions.structure import Detail, describe
from qwlsp.syntax.facts import FunctionFacts, Parameter, facts
from qwlsp.syntax.scopes import module, scopes
from qwlsp.syntax.tree import parse

PARSE_LINE = '''\
def parse_line(line, sep=",") -> dict:
    """Read one line.

    And a good deal more about it.
    """
    result = {}
    if not line:
        return None
    for part in line.split(sep):
        if "=" not in part:
            raise ValueError(part)
        key, value = part.split("=", 1)
        result[key] = value
    return result
'''


def told(code: str, name: str = "", detail: Detail = "brief") -> str:
    """What is told of the scope with that qualified name, by default the first one."""
    found = scopes(parse(code.encode()))
    scope = next(scope for scope in found if name in ("", scope.qualified_name))
    return describe(facts(scope), detail=detail)


def opening(code: str, name: str = "") -> str:
    return told(code, name).partition("\n")[0]


def told_of_module(code: str, detail: Detail = "brief") -> str:
    return describe(facts(module(parse(code.encode()))), detail=detail)


def points(body: str) -> list[str]:
    """The list of what a function with that body does."""
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return told(f"async def f():\n{lines}", detail="full").split("\n")[2:]


def test_a_brief_answer() -> None:
    assert told(PARSE_LINE) == (
        '**`parse_line`** is a function of 14 lines that takes `line` and `sep` (default `","`)'
        " and returns a `dict`.\n"
        "\n"
        "> Read one line.\n"
        "\n"
        "It returns `None` or `result`. It loops over `line.split(sep)`."
        ' It checks `not line` and `"=" not in part`. It raises `ValueError`.'
    )


def test_a_full_answer() -> None:
    assert told(PARSE_LINE, detail="full").split("\n")[4:] == [
        "- **Returns** `None` or `result`.",
        "- **Loops** over `line.split(sep)`.",
        '- **Checks** `not line` and `"=" not in part`.',
        "- **Raises** `ValueError`.",
        "- **Calls** `line.split` and `part.split`.",
    ]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("def f(): pass", "**`f`** is a function of 1 line that takes no arguments and returns"),
        ("async def f(): pass", "**`f`** is an async function of 1 line that takes no arguments"),
        ("def f(a): pass", "that takes `a` and returns nothing."),
        ("def f(a, b, c): pass", "that takes `a`, `b` and `c`, and returns nothing."),
        ("def f(a, b, c, d=1): pass", "that takes `a`, `b`, `c` and `d`, and returns nothing."),
        ("def f(a, b, c, d, e, f, g): pass", "`e`, `f` and 1 more, and returns"),
        ("def f(*args, **kw): pass", "that takes `*args` and `**kw` and returns"),
        ("def f(a: int = 1): pass", "that takes `a` (`int`, default `1`) and"),
        ("def f(): return x", "returns `x`."),
        ("def f():\n if a: return x\n return y", "returns `x` or `y`."),
        ("def f():\n if a: return x\n if b: return y\n return z", "returns a value."),
        (f"def f():\n if a: return x\n return {'y' * 55}", "returns a value."),
        (f"def f(): return {'y' * 55}", f"returns `{'y' * 55}`."),
        ("def f(): return", "returns nothing."),
        ("def f() -> None: pass", "returns nothing."),
        ("def f() -> int: pass", "returns an `int`."),
        ("def f() -> 'User': pass", "returns a `User`."),
        ("def f() -> list[int]: pass", "returns `list[int]`."),
        ("def f() -> typing.NoReturn: pass", "never returns."),
        (
            "def f(): yield x",
            "is a generator function of 1 line that takes no arguments and yields",
        ),
        ("def f(): yield x", "yields `x`."),
        ("def f(): yield from x", "yields everything from `x`."),
        ("def f():\n yield x\n yield from y", "yields `x` and everything from `y`."),
        ("def f():\n yield a; yield b; yield c", "yields values, one at a time."),
        ("def f() -> Iterator[int]: yield a", "yields `a` (`Iterator[int]`)."),
        ("async def f(): yield x", "is an async generator function of"),
    ],
)
def test_the_opening_of_a_function(code: str, sentence: str) -> None:
    assert sentence in opening(code)


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ("def m(self, a): pass", "**`C.m`** is a method of 1 line that takes `a` and returns"),
        ("def m(*args): pass", "takes `*args` and"),
        ("@staticmethod\n def m(a): pass", "is a static method of 1 line that takes `a`"),
        ("@classmethod\n def m(cls): pass", "is a class method of 1 line that takes no arguments"),
        ("@property\n def m(self): return 1", "is a property of 1 line that returns `1`."),
        ("@m.setter\n def m(self, a): pass", "is a property of 1 line that takes `a` and returns"),
        ("async def m(self): pass", "is an async method of"),
    ],
)
def test_the_opening_of_a_method(method: str, sentence: str) -> None:
    assert sentence in opening(f"class C:\n {method}", "C.m")


def test_the_opening_of_a_constructor() -> None:
    code = "class C:\n def __init__(self, a): pass"
    assert "takes `a` and sets up a new `C`." in opening(code, "C.__init__")


def test_the_opening_of_a_nested_function() -> None:
    assert "**`f.g`** is a nested generator function of" in opening(
        "def f():\n def g(): yield", "f.g"
    )


@pytest.mark.parametrize(
    ("body", "point"),
    [
        ("for x in a: pass", "- **Loops** over `a`."),
        ("async for x in a: pass", "- **Loops** over `a` asynchronously."),
        ("for x in a: pass\nwhile b: pass", "- **Loops** over `a` and while `b`."),
        ("while True: pass", "- **Loops** until something in it ends it."),
        ("return [x for x in a]", "- **Goes through** `a` in a comprehension."),
        ("if a: pass\nelif b: pass\nx = 1 if c else 2", "- **Checks** `a`, `b` and `c`."),
        ("if a: pass\nif a: pass", "- **Checks** `a`."),
        ("match a:\n        case 1: pass", "- **Matches** `a` against patterns."),
        ("raise A\nraise B", "- **Raises** `A` and `B`."),
        ("try: pass\nexcept A: raise", "- **Passes on** an exception that it caught."),
        ("try: pass\nexcept (A, B): pass", "- **Catches** `A` and `B`."),
        ("try: pass\nfinally: pass", "- **Cleans up** in a `finally` block, whatever happens."),
        ("raise A(b())", "- **Calls** `b`."),
        ("len(a); mine(b)", "- **Calls** `mine` and `len`."),
        ("open(a).read()", "- **Calls** `open(…).read`."),
        ("await a()", "- **Awaits** `a()`."),
        ("with a as b: pass", "- **Uses** `a as b` in a `with` statement."),
        ("global a, b", "- **Assigns** `a` and `b` of the module."),
        ("nonlocal a", "- **Assigns** `a` of the function around it."),
        ("def g(): pass", "- **Defines** `g` inside itself."),
        ("a(), b(), c(), d(), e(), f(), g(), h(), i(), j()", "`g`, `h` and 2 more."),
    ],
)
def test_what_a_function_does(body: str, point: str) -> None:
    assert any(each.endswith(point) for each in points(body))


def test_other_points_of_a_function() -> None:
    code = "class C:\n @cache\n def m(self): self.a = self.b = 1"
    full = told(code, "C.m", "full")
    assert "- **Sets** `self.a` and `self.b`." in full
    assert "- **Is decorated** with `@cache`." in full


def test_decorators_that_the_opening_tells_are_not_repeated() -> None:
    assert "decorated" not in told("class C:\n @property\n def m(self): pass", "C.m", "full")


def test_many_arguments_are_told_with_their_types_in_full() -> None:
    full = told("def f(a, b: int, c=1, *d): pass", detail="full")
    assert "- **Takes** `a`, `b` (`int`), `c` (default `1`) and `*d`." in full
    assert "**Takes**" not in told("def f(a, b, c, d): pass", detail="full")


def test_brief_has_at_most_four_sentences_after_the_quote() -> None:
    code = (
        "def f():\n for x in a:\n  if b: raise C\n  with d: e(); yield; yield 1; return 2; return 3"
    )
    assert told(code).split("\n\n")[-1].count("It ") == 4


def test_a_class() -> None:
    code = (
        "class Shape(Base):\n"
        '    """A shape."""\n'
        "    sides = 0\n"
        "    def area(self) -> float:\n"
        '        """How large it is."""\n'
        "    @staticmethod\n"
        "    def make(): pass\n"
    )
    first = (
        "**`Shape`** is a class of 7 lines that inherits from `Base`"
        " and has 1 attribute and 2 methods."
    )
    assert told(code, "Shape").split("\n\n") == [
        first,
        "> A shape.",
        "Its attribute is `sides`.",
        "Its methods are `area` and `make`.",
    ]
    assert told(code, "Shape", "full").split("\n\n") == [
        first,
        "> A shape.",
        "Its attribute is `sides`.",
        "**Methods**",
        "- `area(self) -> float`: How large it is.\n- `make()` (static method)",
    ]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("class C: pass", "is a class of 1 line that has no attributes or methods of its own."),
        ("class C(Exception): pass", "is an exception class of 1 line that inherits from"),
        ("class C(enum.Enum): A = 1; B = 2", "is an enumeration of 1 line that inherits from"),
        ("@dataclass\nclass C: a: int", "is a dataclass of 1 line that has 1 field."),
        ("class C(enum.Enum): A = 1; B = 2", "from `enum.Enum` and has 2 members."),
        (
            "@d.dataclass(a=1)\nclass C: b: int",
            "has 1 field. It is decorated with `@d.dataclass(a=1)`.",
        ),
        ("class C(Protocol[T]): pass", "is a protocol of"),
        ("class C(metaclass=abc.ABCMeta): pass", "is an abstract class of"),
        ("class C:\n class D: pass\n class E: pass", "has 2 nested classes."),
    ],
)
def test_the_opening_of_a_class(code: str, sentence: str) -> None:
    assert sentence in opening(code)


def test_public_names_come_first() -> None:
    assert "are `b`, `__init__` and `_a`." in told(
        "class C:\n def __init__(self): pass\n def _a(self): pass\n def b(self): pass"
    )


def test_long_lists_of_members_are_cut() -> None:
    code = "class C:\n" + "".join(f"    def m{i}(self): pass\n" for i in range(43))
    assert told(code, "C", "full").endswith("- `m39(self)`\n- and 3 more")


def test_a_module() -> None:
    code = (
        '"""Tools."""\n'
        "import os\n"
        "A = 1\n"
        "class C: pass\n"
        'def f(): "Do it."\n'
        'if __name__ == "__main__": f()\n'
    )
    first = (
        "This is a module of 6 lines that defines 1 constant, 1 class and 1 function."
        " It imports `os`. It can be run as a program."
    )
    constant = "Its constant is `A`."
    assert told_of_module(code).split("\n\n") == [
        first,
        "> Tools.",
        constant,
        "Its class is `C`.",
        "Its function is `f`.",
    ]
    assert told_of_module(code, "full").split("\n\n")[2:] == [
        constant,
        "**Class**",
        "- `C`",
        "**Function**",
        "- `f()`: Do it.",
    ]


def test_modules_with_little_in_them() -> None:
    assert told_of_module("") == "This file is empty."
    assert (
        told_of_module("x()\n")
        == "This is a module of 1 line that defines no classes or functions."
    )


def test_syntax_errors_are_told() -> None:
    assert told_of_module("def f(").endswith(
        "has a syntax error, so something may be missing here."
    )


@pytest.mark.parametrize(
    ("docstring", "quote"),
    [
        ("One\n    line.\n\n    Two.", "> One line."),
        ("One.\n   \n    Two.", "> One."),
        ("# One", r"> \# One"),
        (">>> one()", r"> \>>> one()"),
        ("*args* and __init__", r"> \*args\* and \_\_init\_\_"),
        ("A snake_case <b>", r"> A snake_case \<b>"),
        ("Code ``*a`` and `<b>`.", "> Code ``*a`` and `<b>`."),
        ("A [link](x)", r"> A [link\](x)"),
    ],
)
def test_the_quoted_docstring(docstring: str, quote: str) -> None:
    assert told(f'def f():\n    """{docstring}"""\n').split("\n")[2] == quote


def test_a_long_docstring_is_shortened() -> None:
    code = f'def f():\n    "{"word " * 1000}"\n'
    assert len(told(code).split("\n")[2]) <= 302
    assert len(told(code, detail="full").split("\n")[2]) <= 1002


def code_spans(markdown: str) -> list[str]:
    tokens = MarkdownIt().parse(markdown)
    inline = (child for token in tokens for child in token.children or ())
    return [child.content for child in inline if child.type == "code_inline"]


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text("`a \n\\*<", min_size=1, max_size=12).filter(str.strip))
def test_code_stays_in_its_span(text: str) -> None:
    known = facts(scopes(parse(b"def f(a): pass"))[0])
    assert isinstance(known, FunctionFacts)
    hostile = FunctionFacts(**{**vars(known), "parameters": (Parameter("a", "positional", text),)})
    shown = " ".join(text.split())
    assert code_spans(describe(hostile, detail="brief")) == ["f", "a", shown]


PIECES = st.sampled_from(
    [*PARSE_LINE.split(" "), "def f(", "class C(B):\n ", "@a\n", "`", "```", "#", "\n", "\n  ", "*"]
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=40).map(" ".join))
def test_any_text_can_be_told(code: str) -> None:
    tree = parse(code.encode())
    for scope in (module(tree), *scopes(tree)):
        known = facts(scope)
        brief, full = describe(known, detail="brief"), describe(known, detail="full")
        assert brief.partition("\n")[0] == full.partition("\n")[0]
        assert "  " not in brief.replace("\n", "")


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.integers(0, len(PARSE_LINE)), st.integers(0, 30), st.text("():\n `#'\"\\\0é", max_size=3))
def test_a_damaged_function_can_be_told(start: int, length: int, put: str) -> None:
    code = PARSE_LINE[:start] + put + PARSE_LINE[start + length :]
    tree = parse(code.encode())
    for scope in (module(tree), *scopes(tree)):
        assert describe(facts(scope), detail="full")
