from __future__ import annotations

import pytest

from qwlsp.syntax.quote import Code, docstring, shorten
from qwlsp.syntax.tree import parse


def quote(code: str, limit: int = 60) -> str:
    root = parse(code.encode()).root_node
    return Code.of(root).quote(root, limit)


def doc(body: str) -> str | None:
    return docstring(parse(body.encode()).root_node)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("f(a,  b)", "f(a, b)"),
        ("f(\n    a,\n    b,\n)", "f(a, b)"),
        ("x = [  # numbers\n    1,\n]", "x = [1]"),
        ('f("# no comment")  # comment', 'f("# no comment")'),
        ("f('''# no\n# comment''')", "f('''# no # comment''')"),
        ("a and \\\n    b", "a and b"),
        ("a and \\\r\n    b", "a and b"),
        ("'\x1b[31m'", "'\ufffd[31m'"),
        ("'é\u202e'", "'é\ufffd'"),
        ("", ""),
    ],
)
def test_code_becomes_one_plain_line(code: str, line: str) -> None:
    assert quote(code) == line


def test_long_code_is_cut_to_the_limit() -> None:
    assert quote("a = " + "b" * 100, 10) == "a = bbbbb…"
    assert quote("a" * 10, 10) == "a" * 10


def test_the_cut_never_splits_a_character() -> None:
    assert quote("x = '" + "🦀" * 1000 + "'", 8) == "x = '🦀🦀…"


def test_code_hidden_behind_a_long_comment_is_not_passed_over_in_silence() -> None:
    assert quote("f(  #" + "-" * 1000 + "\n  a)", 20) == "f(…"


def test_between_takes_offsets_in_the_file() -> None:
    data = b"ab = 1\ncd = 2\n"
    second = parse(data).root_node.named_children[1]
    assert Code.of(second).between(7, 9) == "cd"


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("a cd", 3, "a…"), ("", 1, ""), ("ab", 1, "…")],
)
def test_shorten(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("'''One.'''", "One."),
        ('# comment\n"One."\nx = 1', "One."),
        ('"""One.\n\n        Two.\n          Three.\n    """', "One.\n\nTwo.\n  Three."),
        ('"""One.\r\n    Two."""', "One.\nTwo."),
        (r'"a\n\"b\" \d \\ \'c\'"', "a\n\"b\" \\d \\ 'c'"),
        (r'r"\d\n"', r"\d\n"),
        ('"a" "b"', "ab"),
        ('"a" f"b"', None),
        ('f"a"', None),
        ('b"a"', None),
        ('""""""', None),
        ("x = 'a'", None),
        ("1", None),
        ("", None),
        ("'unclosed", None),
    ],
)
def test_docstring(body: str, text: str | None) -> None:
    assert doc(body) == text


def test_no_body_has_no_docstring() -> None:
    assert docstring(None) is None
