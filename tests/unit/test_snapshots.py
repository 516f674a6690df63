"""What a snapshot knows of a document in any language: its scopes and its outline."""

from __future__ import annotations

import pytest

from qwlsp.documents import Snapshot
from qwlsp.syntax.languages import PLAIN
from qwlsp.syntax.outline import Outline
from qwlsp.syntax.scopes import Scope, enclosing, module
from qwlsp.text import Span, Text


def snapshot_of(text: str, language: str = "python") -> Snapshot:
    return Snapshot("file:///main", 1, language, Text.of(text))


def scope_at(text: str, marker: str, language: str, end: str = "") -> Scope:
    """The scope of the place where `marker` starts, or of all from there to the end of `end`."""
    data = text.encode()
    start = data.index(marker.encode())
    until = data.index(end.encode(), start) + len(end.encode()) if end else start
    return snapshot_of(text, language).scope_at(Span(start, until))


def test_python_has_the_scopes_of_its_tree() -> None:
    snapshot = snapshot_of("def f():\n    return 1\n")
    assert snapshot.scope_at(Span(13, 13)) == enclosing(snapshot.tree, Span(13, 13))
    assert snapshot.scope_at(Span(13, 13)).name == "f"
    assert snapshot.whole == module(snapshot.tree)


SCRIPT = """\
import a from "b";

/** Adds. */
export const add = (x) => {
  const twice = (y) => y * 2;
  return [x].map(() => twice(x));
};

@d
@e(1)
export class Shop extends Base {
  limit = 5;
  @f @g() total(order) {
    function inner() { return 1; }
    return class Local { go() { stop(); } };
  }
}

describe("it", () => {
  function helper() { here(); }
});
"""


@pytest.mark.parametrize("language", ["javascript", "javascriptreact", "typescriptreact"])
@pytest.mark.parametrize(
    ("marker", "kind", "name"),
    [
        ("import", "module", ""),
        ("export const", "function", "add"),
        ("twice = ", "function", "add.twice"),
        ("y * 2", "function", "add.twice"),
        ("[x]", "function", "add"),
        ("@e", "class", "Shop"),
        ("limit", "class", "Shop"),
        ("@f", "function", "Shop.total"),
        ("@g", "function", "Shop.total"),
        ("order", "function", "Shop.total"),
        ("return 1", "function", "Shop.total.inner"),
        ("stop", "function", "Shop.total.go"),
        ("describe", "module", ""),
        ("here", "function", "helper"),
    ],
)
def test_scopes_of_javascript(language: str, marker: str, kind: str, name: str) -> None:
    scope = scope_at(SCRIPT, marker, language)
    assert (scope.kind, scope.qualified_name) == (kind, name)


@pytest.mark.parametrize("language", ["javascript", "typescript"])
@pytest.mark.parametrize(
    ("marker", "text", "header", "name"),
    [
        ("return [x]", "export const add = ", "export const add = (x) =>", "add"),
        ("return class", "@f @g() total(", "@f @g() total(order) {", "total"),
        ("limit", "@d\n@e(1)\nexport", "@d\n@e(1)\nexport class Shop extends Base {", "Shop"),
        ("y * 2", "const twice = ", "const twice = (y) =>", "twice"),
    ],
)
def test_spans_of_scopes_of_javascript(
    language: str, marker: str, text: str, header: str, name: str
) -> None:
    scope = scope_at(SCRIPT, marker, language)
    source = Text.of(SCRIPT)
    assert source.slice(scope.span).startswith(text)
    assert source.slice(scope.header) == header
    assert scope.name_span is not None
    assert source.slice(scope.name_span) == name
    assert scope.node is not None
    assert scope.span.start <= scope.node.start_byte < scope.node.end_byte <= scope.span.end


def test_a_selection_belongs_to_what_covers_it() -> None:
    scope = scope_at(SCRIPT, "limit", "javascript", end="return 1; }\n")
    assert scope.qualified_name == "Shop"
    assert scope_at(SCRIPT, "add", "javascript", end="limit").kind == "module"


def test_scopes_of_javascript_agree_with_the_outline() -> None:
    snapshot = snapshot_of(SCRIPT, "typescript")
    definitions = [each for each in snapshot.outline.definitions if each.kind != "variable"]
    assert [each.qualified_name for each in definitions] == ["add", "Shop", "Shop.total"]
    for each in definitions:
        scope = snapshot.scope_at(each.header)
        assert (scope.qualified_name, scope.span) == (each.qualified_name, each.span)


@pytest.mark.parametrize(
    ("language", "text", "marker", "expected"),
    [
        ("c", "int a;\n\nint f(void) {\n  b();\n}\n", "b()", "int f(void) {\n  b();\n}"),
        ("ruby", "a\n\ndef f\n  b\nend\n", "b\n", "def f\n  b\nend"),
        ("markdown", "# A\n\nb\n\n# C\n\nd\n", "b", "# A\n\nb\n"),
        ("plaintext", "# a\nb\n\nc\n", "b", "# a\nb"),
        ("unheard of", "a\nb\n\nc\n", "b", "a\nb"),
    ],
)
def test_blocks_without_a_grammar(language: str, text: str, marker: str, expected: str) -> None:
    scope = scope_at(text, marker, language)
    assert (scope.kind, scope.name, scope.name_span, scope.node) == ("block", "", None, None)
    assert Text.of(text).slice(scope.span) == expected
    assert scope.header == Span(scope.span.start, scope.span.start)


@pytest.mark.parametrize("language", ["python", "javascript", "typescript", "plaintext", "c"])
@pytest.mark.parametrize("text", ["", "\n", "a\n", "\n\n  a\n\n"])
def test_the_whole_of_a_text(language: str, text: str) -> None:
    snapshot = snapshot_of(text, language)
    assert snapshot.whole.kind == "module"
    assert snapshot.whole.span == Span(0, len(text))
    assert snapshot.scope_at(Span(0, 0)).kind == "module"


def test_only_what_was_parsed_has_syntax() -> None:
    assert snapshot_of("a", "javascript").whole.syntax.type == "program"
    with pytest.raises(ValueError, match="no syntax tree"):
        _ = snapshot_of("a", "markdown").whole.syntax


def test_an_outline_is_made_once_and_empty_without_a_grammar() -> None:
    snapshot = snapshot_of("x = 1\n")
    assert [each.name for each in snapshot.outline.definitions] == ["x"]
    assert snapshot.outline is snapshot.outline
    assert snapshot_of("x = 1\n", "ruby").outline == Outline()


@pytest.mark.parametrize("language", ["python", "javascript", "typescript"])
def test_what_is_nested_too_deeply_for_any_parser_is_plain_text(language: str) -> None:
    snapshot = Snapshot("file:///deep", 1, language, Text.of("{a:" * 300_000))
    assert snapshot.read_as is PLAIN
    assert snapshot.outline == Outline()
    assert snapshot.scope_at(Span(3, 3)).node is None


def test_many_brackets_side_by_side_are_code() -> None:
    snapshot = Snapshot("file:///wide", 1, "javascript", Text.of("f();" * 30_000))
    assert snapshot.read_as.has_grammar
