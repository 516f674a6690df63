"""The table of languages, their grammars and queries."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest

from qwlsp.syntax.languages import (
    LANGUAGES,
    PLAIN,
    PYTHON,
    Language,
    Purpose,
    grammar,
    language,
    language_of_file,
    query,
)

PARSED = [each for each in LANGUAGES if each.has_grammar]


@pytest.mark.parametrize(
    ("identifier", "title", "fence", "has_grammar"),
    [
        ("python", "Python", "python", True),
        ("javascript", "JavaScript", "js", True),
        ("javascriptreact", "JavaScript", "jsx", True),
        ("typescript", "TypeScript", "ts", True),
        ("typescriptreact", "TypeScript", "tsx", True),
        ("markdown", "Markdown", "markdown", False),
        ("plaintext", "text", "", False),
        ("cpp", "C++", "cpp", False),
        ("shellscript", "shell", "sh", False),
    ],
)
def test_a_known_language(identifier: str, title: str, fence: str, has_grammar: bool) -> None:
    found = language(identifier)
    assert (found.id, found.title, found.fence) == (identifier, title, fence)
    assert found.has_grammar == has_grammar


@pytest.mark.parametrize(
    ("identifier", "fence"), [("cobol", "cobol"), ("a b", ""), ("x```\n", ""), ("\0", "")]
)
def test_an_unknown_language_is_called_by_its_identifier(identifier: str, fence: str) -> None:
    assert language(identifier) == Language(identifier, identifier, fence)
    assert not language(identifier).has_grammar


def test_no_language_is_plain_text() -> None:
    assert language("") is PLAIN


@pytest.mark.parametrize(
    ("path", "identifier"),
    [
        ("a.py", "python"),
        ("/b/c.PYI", "python"),
        ("x.test.js", "javascript"),
        ("x.jsx", "javascriptreact"),
        ("x.d.ts", "typescript"),
        ("x.tsx", "typescriptreact"),
        ("README.md", "markdown"),
        ("a/notes.txt", "plaintext"),
        ("a.b/c.yml", "yaml"),
    ],
)
def test_a_file_by_its_extension(path: str, identifier: str) -> None:
    assert language_of_file(path) is language(identifier)


@pytest.mark.parametrize("path", ["", "py", ".py", "a.py/b", "a.unknown", "a.", "\0", "/"])
def test_a_file_of_no_known_language(path: str) -> None:
    assert language_of_file(path) is None


def test_every_identifier_and_extension_stands_once() -> None:
    identifiers = [each.id for each in LANGUAGES]
    extensions = [extension for each in LANGUAGES for extension in each.extensions]
    assert len(identifiers) == len(set(identifiers))
    assert len(extensions) == len(set(extensions))
    assert all(each == each.lower() and each.startswith(".") for each in extensions)


@pytest.mark.parametrize("purpose", get_args(Purpose))
@pytest.mark.parametrize("known", PARSED, ids=lambda each: each.id)
def test_every_grammar_has_queries_for_every_purpose(known: Language, purpose: Purpose) -> None:
    assert query(known, purpose).pattern_count > 0


def test_a_query_has_the_patterns_of_its_purpose_only() -> None:
    patterns = query(PYTHON, "calls")
    assert [patterns.capture_name(i) for i in range(patterns.capture_count)] == ["call"]


def test_grammars_are_loaded_when_they_are_needed() -> None:
    code = (
        "import sys\n"
        "from qwlsp.syntax.languages import PYTHON, query\n"
        "assert not any(name.startswith('tree_sitter_') for name in sys.modules)\n"
        "query(PYTHON, 'outline')\n"
        "assert 'tree_sitter_python' in sys.modules\n"
        "assert 'tree_sitter_javascript' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_grammar_is_loaded_once() -> None:
    assert grammar(PYTHON) is grammar(PYTHON)
