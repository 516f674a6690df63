"""Where a module may be."""

from __future__ import annotations

import os

import pytest

from qwlsp.workspace.modules import python_candidates, script_candidates

pytestmark = pytest.mark.skipif(os.sep != "/", reason="other paths there")


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("a", ["/r/a.py", "/r/a/__init__.py", "/s/a.py", "/s/a/__init__.py"]),
        ("a.b", ["/r/a/b.py", "/r/a/b/__init__.py", "/s/a/b.py", "/s/a/b/__init__.py"]),
        (".a", ["/r/p/q/a.py", "/r/p/q/a/__init__.py"]),
        ("..a.b", ["/r/p/a/b.py", "/r/p/a/b/__init__.py"]),
        (".", ["/r/p/q/__init__.py"]),
        ("..", ["/r/p/__init__.py"]),
        ("......a", ["/a.py", "/a/__init__.py"]),
    ],
)
def test_modules_of_python(module: str, expected: list[str]) -> None:
    assert list(python_candidates("/r/p/q/m.py", module, ["/r", "/s"])) == expected


@pytest.mark.parametrize("module", ["a b", "a/b", "a..b", "a.", "../a", "a\0b", "a-b", "/etc/x"])
def test_what_is_no_module_of_python(module: str) -> None:
    assert list(python_candidates("/r/m.py", module, ["/r"])) == []


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("./a", "/r/p/a.ts"),
        ("./a", "/r/p/a.js"),
        ("./a", "/r/p/a/index.tsx"),
        ("../a", "/r/a.mjs"),
        ("./a.js", "/r/p/a.js"),
        ("./a.js", "/r/p/a.ts"),
        ("./a.test", "/r/p/a.test.jsx"),
        (".", "/r/p/index.js"),
        ("..", "/r/index.js"),
        ("./x/../a", "/r/p/a.cjs"),
    ],
)
def test_modules_of_javascript(module: str, expected: str) -> None:
    assert expected in list(script_candidates("/r/p/m.js", module))


def test_a_file_that_is_named_exactly_comes_first() -> None:
    assert next(script_candidates("/r/m.js", "./a.js")) == "/r/a.js"
    assert next(script_candidates("/r/m.js", "./a.svg")) == "/r/a.svg.ts"


@pytest.mark.parametrize("module", ["react", "@a/b", "/a", "node:fs", "", "...", ".a"])
def test_packages_are_not_looked_for(module: str) -> None:
    assert list(script_candidates("/r/m.js", module)) == []
