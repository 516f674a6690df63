from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.actions.flowchart import flowchart
from qwlsp.syntax.scopes import module, scopes
from qwlsp.syntax.tree import parse


def drawn(code: str, name: str = "", width: int = 72) -> list[str]:
    """The lines drawn of the scope with that qualified name, by default the first one."""
    found = scopes(parse(code.encode()))
    scope = next(scope for scope in found if name in ("", scope.qualified_name))
    return flowchart(scope, width=width).split("\n")


def body(*lines: str, width: int = 72) -> list[str]:
    code = "def f():\n" + "".join(f"    {line}\n" for line in lines)
    return drawn(code, width=width)[1:]


def drawn_module(code: str) -> list[str]:
    return flowchart(module(parse(code.encode()))).split("\n")


def test_a_function() -> None:
    code = '''\
def parse_line(line, sep=","):
    """Read one line."""
    if not line:
        return None
    for part in line.split(sep):
        if "=" in part:
            key, value = part.split("=", 1)
        else:
            raise ValueError(part)
    return result
'''
    assert (
        "\n".join(drawn(code))
        == """\
parse_line(line, sep)
├─ if not line
│  └─ return None
├─ for part in line.split(sep)
│  ├─ if "=" in part
│  │  └─ key, value = part.split("=", 1)
│  └─ else
│     └─ raise ValueError(part)
└─ return result"""
    )


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("def f(a: int, /, b=1, *args, c, **kw) -> int: pass", "f(a, /, b, *args, c, **kw)"),
        ("async def f(): pass", "f()"),
        ("@a\nclass C(B): pass", "class C"),
    ],
)
def test_the_title(code: str, title: str) -> None:
    assert drawn(code)[0] == title


def test_try() -> None:
    assert body(
        "try: a", "except (B, C) as d: raise", "except E: pass", "else: f", "finally: g"
    ) == [
        "├─ try",
        "│  └─ a",
        "├─ except (B, C) as d",
        "│  └─ raise",
        "├─ except E",
        "│  └─ pass",
        "├─ else (if no exception)",
        "│  └─ f",
        "└─ finally",
        "   └─ g",
    ]


def test_loops() -> None:
    assert body("while a:", "    break", "else: b", "for c in d: continue", "else: e") == [
        "├─ while a",
        "│  └─ break",
        "├─ else (if no break)",
        "│  └─ b",
        "├─ for c in d",
        "│  └─ continue",
        "└─ else (if no break)",
        "   └─ e",
    ]


def test_elif_and_else() -> None:
    assert body("if a: b", "elif c: d", "else: e") == [
        "├─ if a",
        "│  └─ b",
        "├─ elif c",
        "│  └─ d",
        "└─ else",
        "   └─ e",
    ]


def test_match() -> None:
    assert body("match a:", "    case [b, *_] if b: return", "    case _: pass") == [
        "└─ match a",
        "   ├─ case [b, *_] if b",
        "   │  └─ return",
        "   └─ case _",
        "      └─ pass",
    ]


def test_with_and_async() -> None:
    assert body("async with a as b, c:", "    async for d in e: pass") == [
        "└─ async with a as b, c",
        "   └─ async for d in e",
        "      └─ pass",
    ]


def test_straight_lines_are_folded() -> None:
    assert body("import a", "from b import c", "d = 1", "e()", "del d", "return d", "f = 1") == [
        "├─ … 2 imports",
        "├─ … 3 statements",
        "├─ return d",
        "└─ f = 1",
    ]


def test_yields_are_not_folded() -> None:
    assert body("a", "b", "yield c", "d = yield", "x = lambda: (yield)", "e") == [
        "├─ … 2 statements",
        "├─ yield c",
        "├─ d = yield",
        "└─ … 2 statements",
    ]


def test_comments_and_the_docstring_are_not_drawn() -> None:
    assert body('"""Doc."""', "# one", "if a:  # two", "    # three", "    b  # four") == [
        "└─ if a",
        "   └─ b",
    ]


def test_a_function_with_nothing_but_a_docstring() -> None:
    assert drawn("def f(): 'Doc.'") == ["f()"]


def test_definitions_inside_are_named_and_not_entered() -> None:
    assert body("@a", "def g(b=1): return b", "class C(D): pass", "return g") == [
        "├─ def g(b=1)",
        "├─ class C(D)",
        "└─ return g",
    ]


def test_a_class() -> None:
    code = "class C:\n  a = 1\n  b = 2\n  def f(self): return 1\n  @p\n  async def g(self): pass\n"
    assert drawn(code) == [
        "class C",
        "├─ … 2 statements",
        "├─ def f(self)",
        "└─ async def g(self)",
    ]


def test_a_module() -> None:
    code = (
        "'Doc.'\nimport a\nX = 1\ndef f(): pass\nclass C: pass\nif __name__ == '__main__':\n  f()\n"
    )
    assert drawn_module(code) == [
        "module",
        "├─ import a",
        "├─ X = 1",
        "├─ … 2 definitions",
        "└─ if __name__ == '__main__'",
        "   └─ f()",
    ]


def test_long_conditions_end_in_an_ellipsis() -> None:
    (line, _) = body("if " + " and ".join(["condition"] * 20) + ": pass")
    assert line.startswith("└─ if condition and")
    assert line.endswith("…")
    assert len(line) <= 72


@pytest.mark.parametrize("width", [1, 10, 20, 40, 100])
def test_no_line_is_wider_than_asked(width: int) -> None:
    lines = [f"{' ' * depth}if {'a' * 50}:" for depth in range(30)] + [" " * 30 + "pass"]
    assert all(len(line) <= width for line in body(*lines, width=width))


def test_long_drawings_say_how_much_is_left_out() -> None:
    lines = drawn("def f():\n" + "  if a: b\n" * 50)
    assert len(lines) == 60
    assert lines[-3:] == ["├─ if a", "│  └─ b", "└─ … 42 more lines"]
    assert len(drawn("def f():\n" + "  if a: b\n" * 29)) == 59
    assert drawn("def f():\n" + "  if a: b\n" * 29 + "  return")[-1] == "└─ … 1 more line"


def test_too_many_levels_are_left_out() -> None:
    lines = body(*(" " * depth + "while a:" for depth in range(60)), " " * 60 + "break")
    assert len(lines) == 17
    assert lines[-1].strip() == "└─ …"


def test_broken_code_is_drawn_as_far_as_it_parsed() -> None:
    lines = body("if a: return 1", ") = (", "return 2")
    assert lines[:2] == ["├─ if a", "│  └─ return 1"]
    assert "└─ return 2" in lines


def test_deep_nesting_does_not_overflow() -> None:
    assert body("return " + "(" * 20_000 + ")" * 20_000)[0].endswith("…")


PIECES = st.sampled_from(
    [
        *("if a:", "else:", "elif b:", "for x in y:", "while c:", "try:", "except D:", "finally:"),
        *(
            "match e:",
            "case 1:",
            "with g:",
            "def f():",
            "class C:",
            "@h",
            "return",
            "yield",
            "pass",
        ),
        *("(", ")", "'''", "#", "\\", "\0", "é", "x = 1"),
    ]
)
LINES = st.tuples(st.integers(0, 5), PIECES, PIECES).map(
    lambda line: f"{' ' * line[0]}{line[1]} {line[2]}\n"
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.lists(LINES, max_size=30).map("".join), st.integers(1, 100))
def test_any_text_can_be_drawn(code: str, width: int) -> None:
    tree = parse(code.encode())
    for scope in (module(tree), *scopes(tree)):
        lines = flowchart(scope, width=width).split("\n")
        assert len(lines) <= 60
        assert all(len(line) <= width for line in lines)
        assert all(line[0] in "├└│ …" for line in lines[1:])
