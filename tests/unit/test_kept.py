"""The outline of a file while somebody types in one of its functions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.documents import Change, Snapshot
from qwlsp.syntax.kept import KeptOutline
from qwlsp.syntax.languages import language
from qwlsp.syntax.outline import Definition, outline
from qwlsp.syntax.tree import parse
from qwlsp.text import Encoding, Range, Span, Text

CODE = """\
import a
LIMIT = 5

@deco
def f(x):
    import b
    return x


class A:
    y = 1

    def g(self):
        return "ü"

    def h(self):
        if self:
            return {}

def last(): return 1
"""
SCRIPT = """\
import a from 'a'
function f(x) {
  return x
}
class A {
  g() {
    return 1
  }
}
const h = (x) => {
  return x
}
"""


def kept(code: str, at: int, new: str, *, length: int = 0, language_id: str = "python") -> Text:
    """The text after an edit that keeps the outline; its definitions must be where they were."""
    before = Text.of(code)
    known = outline(parse(before.data, language(language_id)), before.data, language(language_id))
    span = Span(at, at + length)
    result = KeptOutline(known).after(before, span, len(new.encode()))
    assert result is not None
    after = before.replace(span, new)
    now = result.of(after)
    for old, moved in zip(known.definitions, now.definitions, strict=True):
        assert heads(before, old) == heads(after, moved)
        assert moved.lines[0] == after.line_of(moved.span.start) + 1
        assert moved.lines[0] <= moved.lines[1] <= after.line_count
        assert after.slice(moved.span)  # it starts and ends between characters
    assert [each.module for each in now.imports] == [each.module for each in known.imports]
    return after


def heads(text: Text, definition: Definition) -> tuple[str, str]:
    return definition.qualified_name, text.slice(definition.header)


def dropped(code: str, at: int, new: str, *, length: int = 0, language_id: str = "python") -> bool:
    before = Text.of(code)
    known = outline(parse(before.data, language(language_id)), before.data, language(language_id))
    span = Span(at, at + length)
    return KeptOutline(known).after(before, span, len(new.encode())) is None


def behind(code: str, what: str) -> int:
    """The byte after the first `what`."""
    before, found, _ = code.partition(what)
    assert found
    return len((before + found).encode())


# What keeps it


@pytest.mark.parametrize("new", ["(", '"""', "é", "", "\n", "\n        x = [\n        1"])
@pytest.mark.parametrize(
    "place", ["def f(x):", "import b", "return x", 'return "', 'return "ü"', "if self:", "last():"]
)
def test_typing_in_a_body(place: str, new: str) -> None:
    kept(CODE, behind(CODE, place), new)


@pytest.mark.parametrize("place", ["function f(x) {", "return x", "g() {", "return 1", "(x) => {"])
def test_typing_in_a_body_of_javascript(place: str) -> None:
    kept(SCRIPT, behind(SCRIPT, place), "g((", language_id="javascript")


def test_all_of_a_body_is_removed() -> None:
    start = behind(CODE, "def f(x):")
    kept(CODE, start, "", length=behind(CODE, "return x") - start)


def test_typing_below_a_body_with_its_indentation() -> None:
    code = CODE.replace("return x\n", "return x\n    \n")
    kept(code, behind(code, "return x\n    "), "print(é(")


def test_typing_in_the_last_method_of_a_class() -> None:
    after = kept(CODE, behind(CODE, "return {}"), "\n            (")
    assert after.line_count == Text.of(CODE).line_count + 1


# What does not


@pytest.mark.parametrize(
    "place", ["import a", "LIMIT", "@de", "def f(", "def f(x)", "class A", "y = 1", "def la"]
)
def test_typing_anywhere_else(place: str) -> None:
    assert dropped(CODE, behind(CODE, place), "x")


def test_a_change_that_reaches_out_of_the_body() -> None:
    start = behind(CODE, "return")
    assert dropped(CODE, start, "", length=behind(CODE, "class") - start)
    start = behind(CODE, "def f")
    assert dropped(CODE, start, "", length=behind(CODE, "import b") - start)


def test_typing_below_a_body_with_less_indentation() -> None:
    assert dropped(CODE, behind(CODE, "return x\n"), "x")
    code = CODE.replace('"ü"\n\n', '"ü"\n    \n')
    assert dropped(code, behind(code, '"ü"\n    '), "def new(self")


@pytest.mark.parametrize("place", ["return x\n}", "return 1\n  }"])
def test_typing_after_a_closing_brace(place: str) -> None:
    assert dropped(SCRIPT, behind(SCRIPT, place), "x", language_id="javascript")


def test_typing_in_another_function_too() -> None:
    before = Text.of(CODE)
    known = outline(parse(before.data), before.data, language("python"))
    at = behind(CODE, "return x")
    first = KeptOutline(known).after(before, Span(at, at), 1)
    assert first is not None
    between = before.replace(Span(at, at), "(")
    at = behind(str(between), "if self:")
    assert first.after(between, Span(at, at), 1) is None
    second = KeptOutline(first.of(between)).after(between, Span(at, at), 1)
    assert second is not None
    after = between.replace(Span(at, at), "[")
    assert [heads(after, each) for each in second.of(after).definitions] == [
        heads(before, each) for each in known.definitions
    ]


# In a document


def typed(snapshot: Snapshot, at: int, new: str, *, length: int = 0) -> Snapshot:
    text = snapshot.text
    start, end = (text.position(offset, Encoding.UTF16) for offset in (at, at + length))
    return snapshot.changed(None, [Change(Range(start, end), new)], Encoding.UTF16)


def names(snapshot: Snapshot) -> list[str]:
    return [each.qualified_name for each in snapshot.outline.definitions]


def test_a_document_keeps_its_outline_while_there_are_errors() -> None:
    opened = Snapshot("file:///a.py", 1, "python", Text.of(CODE))
    expected = names(opened)
    half = typed(opened, behind(CODE, "return x"), '("""')
    assert half.tree.root_node.has_error
    assert names(half) == expected
    assert names(Snapshot("file:///a.py", 1, "python", half.text)) != expected


def test_it_is_read_anew_as_soon_as_there_are_none() -> None:
    opened = Snapshot("file:///a.py", 1, "python", Text.of(CODE))
    assert opened.outline
    half = typed(opened, behind(CODE, "import b"), "\n    import (")
    assert [each.name for each in half.outline.imports] == ["a", "b"]
    whole = typed(half, behind(str(half.text), "import ("), "c", length=0)
    whole = typed(whole, behind(str(whole.text), "import "), "", length=0)
    fixed = typed(whole, behind(str(whole.text), "    import b\n    import "), "", length=1)
    assert not fixed.tree.root_node.has_error
    assert [each.name for each in fixed.outline.imports] == ["a", "b", "c"]


def test_an_outline_that_had_errors_itself_is_not_kept() -> None:
    broken = Snapshot("file:///a.py", 1, "python", Text.of("x = (\n" + CODE))
    assert broken.outline is not None
    later = typed(broken, behind(str(broken.text), "return x"), " + 1")
    assert later.outline == Snapshot("file:///a.py", 1, "python", later.text).outline


def test_nothing_is_parsed_for_it() -> None:
    opened = Snapshot("file:///a.py", 1, "python", Text.of(CODE))
    later = typed(opened, behind(CODE, "return x"), " + 1")
    assert "tree" not in vars(opened)
    assert later.kept is None


def test_a_text_that_is_replaced_keeps_nothing() -> None:
    opened = Snapshot("file:///a.py", 1, "python", Text.of(CODE))
    assert opened.outline
    later = opened.changed(None, [Change(None, "def other(:\n")], Encoding.UTF16)
    assert later.outline == Snapshot("file:///a.py", 1, "python", later.text).outline


def test_a_language_without_grammar() -> None:
    opened = Snapshot("file:///a.txt", 1, "plaintext", Text.of(CODE))
    assert opened.outline == typed(opened, 0, "(").outline


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 200),
            st.sampled_from(["f()", "x = 'ö'", "# é", "if x:\n            y", "", "pass", "[\n1]"]),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["def f(x):", "def g(self):", "def h(self):"]),
)
def test_where_things_are_is_what_a_parser_says(lines: list[tuple[int, str]], name: str) -> None:
    snapshot = Snapshot("file:///a.py", 1, "python", Text.of(CODE))
    known = KeptOutline(snapshot.outline)
    indent = " " * (4 if name == "def f(x):" else 8)
    for number, new in lines:
        code = str(snapshot.text)
        body = code[code.index(name) + len(name) + 1 :].split("\n")
        inside = [n for n, line in enumerate(body) if line.startswith(indent)]
        end = next((n for n in range(len(body)) if not body[n].startswith(indent)), len(body))
        row = [n for n in inside if n < end][number % min(len(inside), end)]
        at = len((code[: code.index(name)] + name + "\n" + "\n".join(body[:row])).encode())
        at += bool(row)  # the newline between the lines before and this one
        text = f"{indent}{new}\n"
        after = known.after(snapshot.text, Span(at, at), len(text.encode()))
        assert after is not None
        known = after
        snapshot = typed(snapshot, at, text)
    found = outline(parse(snapshot.text.data), snapshot.text.data, language("python"))
    moved = known.of(snapshot.text)
    for one, other in zip(moved.definitions, found.definitions, strict=True):
        assert (one.qualified_name, one.header) == (other.qualified_name, other.header)
        if one.name != name[4]:
            assert (one.span.start, one.lines[0]) == (other.span.start, other.lines[0])
    assert [i.at for i in moved.imports][:1] == [i.at for i in found.imports][:1]
