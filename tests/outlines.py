"""What the tests of outlines share: short ways to write what is found in a code."""

from __future__ import annotations

from collections.abc import Sequence

from qwlsp.syntax.languages import PYTHON, Language, language
from qwlsp.syntax.outline import Definition, Outline, calls, comments, outline
from qwlsp.syntax.tree import parse

JAVASCRIPT, TYPESCRIPT, TSX = map(language, ("javascript", "typescript", "typescriptreact"))


def outline_of(code: str, known: Language = PYTHON) -> Outline:
    data = code.encode()
    return outline(parse(data, known), data, known)


def definition(code: str, name: str, known: Language = PYTHON) -> Definition:
    (found,) = [each for each in outline_of(code, known).definitions if each.qualified_name == name]
    return found


def check(code: str, expected: Sequence[str], known: Language = PYTHON) -> None:
    """The definitions in `code`, each as its kind, qualified name and signature."""
    found = outline_of(code, known).definitions
    assert [f"{each.kind} {each.qualified_name}: {each.signature}" for each in found] == expected


def check_imports(code: str, expected: Sequence[str], known: Language = PYTHON) -> None:
    """The imports in `code`, each as "name = module[.member]"."""
    found = outline_of(code, known).imports
    assert [
        f"{each.name} = {each.module}" + (f" : {each.member}" if each.member else "")
        for each in found
    ] == expected


def check_calls(code: str, expected: Sequence[str], known: Language = PYTHON) -> None:
    """The calls in `code`, each as "line: caller > name"."""
    data = code.encode()
    tree = parse(data, known)
    found = calls(tree, data, known, outline(tree, data, known).definitions)
    assert [f"{each.line}: {each.caller} > {each.name}" for each in found] == expected


def check_comments(
    code: str, expected: Sequence[tuple[int, str]], known: Language = PYTHON
) -> None:
    data = code.encode()
    assert comments(parse(data, known), data, known) == expected
