"""Blocks of texts without a grammar, around a place that `|` marks or a selection in `«»`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.syntax.blocks import block_at, section_at
from qwlsp.text import Span, Text

C = """\
#include <stdio.h>

/* Adds
   two numbers. */
static int
add(int a, int b)
{
    for (int i = 0; i < b; i++) {
        if (a == '}') {
            puts("}"); // }
        } else {
            a++;
        }
    }

    return a;
}

struct point {
    int x;
};

int main(void) {
    return add(1, 2);
}
"""
ADD = C[C.index("/* Adds") : C.index("\n\nstruct")]
POINT = "struct point {\n    int x;\n};"
MAIN = "int main(void) {\n    return add(1, 2);\n}"

RUBY = """\
class Shop
  LIMIT = 5

  def total(order)
    if order.empty?
      return 0
    else
      order.sum
    end
  rescue TypeError
    nil
  end

  def name
    "shop"
  end
end

puts Shop.new.name
"""
TOTAL = RUBY[RUBY.index("  def total") : RUBY.index("\n\n  def name")]
SHOP = RUBY[: RUBY.index("\n\nputs")]

YAML = """\
name: test
on: push

jobs:
  build:
    runs-on: linux

    steps:
      - run: make
      - run: make test
  lint:
    runs-on: linux
"""

MARKDOWN = """\
Before.

# Title

Intro.

## First

One.

```
# no heading
```

### Deeper

Two.

## Second

Three.
"""


def check(code: str, expected: str | None, place: str, after: bool = False) -> None:
    """The block around the start of `place` in `code`, or around all of it; None is all of it."""
    text = Text.of(code)
    start = code.encode().index(place.encode())
    end = start + (len(place.encode()) if after else 0)
    found = text.slice(block_at(text, Span(start, end)))
    assert found == (code if expected is None else expected)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("/* Adds", ADD),
        ("static", ADD),
        ("add(int", ADD),
        ("{\n    for", ADD),
        ("if (a", ADD),
        ('puts("}")', ADD),
        ("a++", ADD),
        ("return a;", ADD),
        ("struct point", POINT),
        ("int x", POINT),
        ("int main", MAIN),
        ("return add", MAIN),
        ("#include", "#include <stdio.h>"),
        ("\nstatic", ADD),
        ("\n\nstruct", ADD),
    ],
)
def test_braces(place: str, expected: str) -> None:
    check(C, expected, place)


def test_a_blank_line_between_blocks_is_nobodys() -> None:
    text = Text.of(C)
    place = C.index("\nstruct")
    assert block_at(text, Span(place, place)) == Span(0, len(text.data))


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ("i < b; i++", ADD),
        ("return a;\n}\n\nstruct point {", f"    return a;\n}}\n\n{POINT}"),
        ("int x;\n};", POINT),
        ("\n\nint main", MAIN),
    ],
)
def test_a_selection_is_covered(selected: str, expected: str | None) -> None:
    check(C, expected, selected, after=True)


def test_a_brace_that_is_not_closed_reaches_the_end() -> None:
    check("int f() {\n  a;\n  if (b) {\n    c;\n", None, "c;")
    check("x;\n\nint f() {\n  a;\n", "int f() {\n  a;", "a;")


@pytest.mark.parametrize(
    ("code", "place", "expected"),
    [
        ('{\n  "a": {\n    "b": 1\n  },\n  "c": 2\n}', '"b"', '  "a": {\n    "b": 1\n  },'),
        ('{\n  "a": 1\n}', '"a"', None),
        ("@media (x) {\n  a {\n    b: c;\n  }\n}", "b: c", "  a {\n    b: c;\n  }"),
        ("x\n\nfoo() {\n  ${a}\n}", "${a}", "foo() {\n  ${a}\n}"),
        ("x\n\nrun(function () {\n  a()\n})", "a()", "run(function () {\n  a()\n})"),
        ("fn f<'a>() {\n  match x {\n  1\n}}\n\ny", "1", "fn f<'a>() {\n  match x {\n  1\n}}"),
    ],
)
def test_other_languages_with_braces(code: str, place: str, expected: str | None) -> None:
    check(code, expected, place)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("return 0", TOTAL),
        ("order.sum", TOTAL),
        ("nil", TOTAL),
        ("if order", TOTAL),
        ("def total", TOTAL),
        ("  def total", TOTAL),
        ("rescue", TOTAL),
        ('"shop"', '  def name\n    "shop"\n  end'),
        ("LIMIT", SHOP),
        ("class", SHOP),
        ("puts", "puts Shop.new.name"),
    ],
)
def test_indentation(place: str, expected: str) -> None:
    check(RUBY, expected, place)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("name", "name: test\non: push"),
        ("- run: make\n", "    steps:\n      - run: make\n      - run: make test"),
        ("steps", "    steps:\n      - run: make\n      - run: make test"),
        ("build", YAML[YAML.index("  build") : YAML.index("\n  lint")]),
        ("jobs", YAML[YAML.index("jobs") :].rstrip()),
        ("  lint", "  lint:\n    runs-on: linux"),
    ],
)
def test_blocks_that_are_no_functions(place: str, expected: str) -> None:
    check(YAML, expected, place)


def test_a_selection_of_indented_lines_is_covered() -> None:
    expected = YAML[YAML.index("jobs") :].rstrip()
    check(YAML, expected, "make test\n  lint", after=True)
    check(RUBY, SHOP, "nil\n  end\n\n  def", after=True)


def test_a_blank_line_inside_a_block_belongs_to_it() -> None:
    check("def f\n  a\n\n  b\nend\n\nx\n", "def f\n  a\n\n  b\nend", "\n\n  b", after=True)
    text = Text.of("a:\n  b\n\n  c\n\nd\n")
    assert text.slice(block_at(text, Span(7, 7))) == "a:\n  b\n\n  c"
    assert block_at(text, Span(12, 12)) == Span(0, len(text.data))


def test_prose_has_paragraphs() -> None:
    prose = "One line.\nAnd another.\n\n  Third,\nfourth.\n\n\nLast.\n"
    check(prose, "One line.\nAnd another.", "another")
    check(prose, "  Third,\nfourth.", "Third")
    check(prose, "Last.", "Last")
    check(prose, prose, "another.\n\n  Third,\nfourth.\n\n\nLast", after=True)


def test_a_log_is_one_paragraph() -> None:
    check("10:01 INFO a\n10:02 ERROR b\n10:03 INFO c\n", None, "ERROR")


def test_the_indented_lines_of_a_log_belong_to_the_one_above() -> None:
    check("INFO a\nERROR b\n  at c\n  at d\nINFO e\n", "ERROR b\n  at c\n  at d", "at d")


@pytest.mark.parametrize("code", ["", "\n\n", "   ", "}", "{", "\ufeff"])
def test_texts_with_nothing_to_find(code: str) -> None:
    text = Text.of(code)
    assert block_at(text, Span(0, 0)) == Span(0, len(text.data))
    assert section_at(text, Span(0, 0)) == Span(0, len(text.data))


@pytest.mark.parametrize(
    ("place", "first", "end"),
    [
        ("Before", "Before", "\n\n# Title"),
        ("# Title", "# Title", None),
        ("Intro", "# Title", None),
        ("One", "## First", "\n\n## Second"),
        ("# no heading", "## First", "\n\n## Second"),
        ("Two", "### Deeper", "\n\n## Second"),
        ("Three", "## Second", None),
    ],
)
def test_sections(place: str, first: str, end: str | None) -> None:
    text = Text.of(MARKDOWN)
    at = MARKDOWN.index(place)
    found = text.slice(section_at(text, Span(at, at)))
    until = MARKDOWN.index(end) if end else len(MARKDOWN)
    assert found.strip() == MARKDOWN[MARKDOWN.index(first) : until].strip()


@pytest.mark.parametrize(
    ("selected", "first"),
    [
        ("One.", "## First"),
        ("Two.\n\n## Second", "# Title"),
        ("### Deeper\n\nTwo", "### Deeper"),
        ("Before.\n\n# T", "Before"),
    ],
)
def test_sections_cover_a_selection(selected: str, first: str) -> None:
    text = Text.of(MARKDOWN)
    start = MARKDOWN.index(selected)
    found = section_at(text, Span(start, start + len(selected)))
    assert found.start == MARKDOWN.index(first)
    assert found.end >= start + len(selected)


def test_markdown_without_headings_has_paragraphs() -> None:
    text = Text.of("a\nb\n\nc\n")
    assert text.slice(section_at(text, Span(2, 2))) == "a\nb"


LARGE = {
    "open braces": "{" * 100_000,
    "pairs of braces": "f(){}" * 100_000,
    "nested braces": "f(){\n" * 100_000 + "}\n" * 100_000,
    "comments": "/*" * 500_000,
    "quotes": '"' + '\\"' * 500_000,
    "one line": "word " * 200_000,
    "blank lines": "a\n" + "\n" * 100_000 + "b\n",
    "stairs": "".join(" " * depth + "if x\n" for depth in range(1_300)) + "\n" * 100_000,
    "headings": "# a\n\n" * 100_000,
    "nested headings": "# a\n\n## b\n\n### c\n\n" * 30_000,
    "tabs": "\t" * 1_000_000 + "x",
}


@pytest.mark.parametrize("code", LARGE.values(), ids=LARGE)
def test_large_texts(code: str) -> None:
    text = Text.of(code)
    for place in (0, len(text.data) // 2, len(text.data)):
        for found in (block_at(text, Span(place, place)), section_at(text, Span(place, place))):
            assert 0 <= found.start <= place <= found.end <= len(text.data)


PIECES = ["{", "}", "(", ")", ";", "\n", "\n\n", "  ", "    ", "\t", "def f", "end", "if", "else"]
PIECES += ["# ", "## ", "```", '"', "'", "/*", "*/", "//", "é", "\r", "\r\n", "\0", "x", ": "]


@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.data())
def test_any_selection_is_covered_by_whole_lines(code: str, data: st.DataObject) -> None:
    text = Text.of(code)
    places = [len(code[:i].encode()) for i in range(len(code) + 1)]
    start, end = sorted(data.draw(st.tuples(st.sampled_from(places), st.sampled_from(places))))
    selected = text.data[start:end]
    for found in (block_at(text, Span(start, end)), section_at(text, Span(start, end))):
        assert found.start in text.starts
        assert found == Span(0, len(text.data)) or found.end in [
            text.line_span(line).end for line in range(text.line_count)
        ]
        if inner := selected.strip():
            assert found.start <= start + selected.index(inner)
            assert found.end >= start + selected.index(inner) + len(inner)
