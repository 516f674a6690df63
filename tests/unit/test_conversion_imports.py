"""Imports that are added: once, where isort would put them, and with nothing else changed."""

from __future__ import annotations

import ast
from itertools import product

import pytest

from qwlsp.checks.linter import lint
from qwlsp.conversion.imports import import_lines, with_module, with_name_beside
from qwlsp.documents import Snapshot
from qwlsp.edits import lines
from qwlsp.text import Text

CODE = "\n\ndef f():\n    pass\n"
HEADERS = {
    "nothing": "",
    "docstring": '"""About."""\n',
    "docstring of lines": '"""About.\n\nMore.\n"""\n',
    "comment": "# About.\n",
    "comment and docstring": '# About.\n"""More."""\n',
    "shebang": "#!/usr/bin/env python3\n",
    "shebang, coding, docstring": '#!/usr/bin/env python3\n# coding: utf-8\n\n"""About."""\n',
    "future": "from __future__ import annotations\n",
    "docstring and future": '"""About."""\n\nfrom __future__ import annotations\n',
    "future and standard": "from __future__ import annotations\n\nimport time\n",
    "standard": "import time\n",
    "earlier": "import abc\n",
    "later": "import zlib\n",
    "earlier and later": "import abc\nimport zlib\n",
    "from": "from time import sleep\n",
    "plain and from": "import abc\nimport time\nfrom os import path\n",
    "dotted": "import os.path\nimport xml.dom\n",
    "as": "import abc as a\nimport time as t\n",
    "third-party": "import requests\n",
    "third-party from": "from requests import get\n",
    "standard and third-party": "import time\n\nimport requests\n",
    "future and third-party": "from __future__ import annotations\n\nimport requests\n",
    "relative": "from . import beds\n",
    "standard and relative": "import time\n\nfrom . import beds\nfrom .beds import Bed\n",
    "all": (
        '"""About."""\n\nfrom __future__ import annotations\n\nimport time\nfrom os import path\n\n'
        "import requests\nfrom rich import print\n\nfrom . import beds\n"
    ),
    "parenthesized": "from os import (\n    path,\n    sep,\n)\n",
    "parenthesized, third-party": "from os import (\n    path,\n    sep,\n)\n\nimport requests\n",
    "backslash": "from os import path, \\\n    sep\n",
    "comment behind": "import time  # to sleep\n",
    "comment between": "import abc\n\n# To sleep.\nimport time\n",
    "type checking": (
        "import time\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
        "    from beds import Bed\n"
    ),
    "try": "try:\n    import time\nexcept ImportError:\n    time = None\n",
    "two in one": "import time, zlib\n",
    "on one line": "import time; import zlib\n",
    "not sorted": "import zlib\nimport abc\n",
    "code before": "X = 1\nimport time\n",
    "code": "X = 1\n",
    "comment and code": "# About.\n\n# One.\nX = 1\n",
    "docstring and code": '"""About."""\n\nX = 1\n',
    "comments and code": "# About.\n# More.\nX = 1\n",
    "coding and code": "#!/usr/bin/env python3\n# coding: utf-8\nX = 1\n",
    "comments and function": "#!/bin/sh\n# coding: utf-8\ndef g():\n    pass\n",
    "docstring and two in one": '"""About."""; X = 1\n',
    "class": "class A:\n    pass\n",
    "decorated": "@final\nclass A:\n    pass\n",
    "comment right above class": "# About.\n\n# It.\nclass A:\n    pass\n",
    "star": "from time import *\n",
}
MODULES = ["asyncio", "zoneinfo", "httpx", "aiohttp"]


def _complaints(text: Text) -> set[str]:
    return {each.code for each in lint(text, name="naps.py", rules=["I", "E401", "E702", "F811"])}


def _imported(text: Text) -> list[str]:
    return [
        alias.name
        for node in ast.parse(str(text)).body
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.asname is None
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("header", "module"), [*product(HEADERS, MODULES)])
def test_a_module_is_imported(header: str, module: str, newline: str) -> None:
    before = Text.of((HEADERS[header] + CODE).replace("\n", newline))
    after = with_module(before, module)
    assert _imported(after).count(module) == 1
    assert after.data.count(newline.encode()) == after.data.count(b"\n")
    assert _complaints(after) <= _complaints(before)
    assert _without(after, module) == [line for line in lines(before) if line.strip()]
    head, tail = ast.parse(str(before)), ast.parse(str(after))
    assert ast.get_docstring(head, clean=False) == ast.get_docstring(tail, clean=False)
    # With the same, and once more, nothing changes.
    assert with_module(after, module) == after


def _without(text: Text, module: str) -> list[str]:
    """The lines without the new one, and without empty ones."""
    found = [line for line in lines(text) if line.strip()]
    found.remove(next(each for each in found if each.rstrip("\r\n") == f"import {module}"))
    return found


@pytest.mark.parametrize("header", HEADERS)
def test_a_first_line_that_must_be_first_stays_so(header: str) -> None:
    before = HEADERS[header] + CODE
    after = str(with_module(Text.of(before), "asyncio"))
    if before.startswith("#!"):
        assert after.startswith("#!")
    if "coding:" in before:
        assert "coding:" in "".join(after.splitlines()[:2])


@pytest.mark.xfail(strict=True, reason="no empty line is put between an import and the code")
def test_code_right_below_a_docstring() -> None:
    after = with_module(Text.of('"""About."""\nX = 1\n'), "asyncio")
    assert str(after) == '"""About."""\n\nimport asyncio\n\nX = 1\n'


@pytest.mark.xfail(strict=True, reason="an import is put at the start of the line")
def test_an_import_on_the_docstrings_line() -> None:
    after = with_module(Text.of('"""About."""; import time\n'), "asyncio")
    assert ast.get_docstring(ast.parse(str(after))) == "About."


@pytest.mark.parametrize(
    "header",
    ["import asyncio\n", "import asyncio, time\n", "import asyncio.queues\nimport asyncio\n"],
)
def test_what_is_imported_already_is_not_added(header: str) -> None:
    text = Text.of(header + CODE)
    assert with_module(text, "asyncio") == text


@pytest.mark.parametrize(
    "header",
    [
        "import asyncio as a\n",
        "import asyncio.queues as q\n",
        "from asyncio import sleep\n",
        "def g():\n    import asyncio\n",
        "import asyncio_more\n",
    ],
)
def test_what_is_imported_under_no_such_name_is_added(header: str) -> None:
    assert "asyncio" in _imported(with_module(Text.of(header + CODE), "asyncio"))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("import abc\nimport time\n", "import abc\nimport asyncio\nimport time\n"),
        ("import abc\nfrom os import path\n", "import abc\nimport asyncio\nfrom os import path\n"),
        ('"""About."""\n', '"""About."""\n\nimport asyncio\n'),
        ("import requests\n", "import asyncio\n\nimport requests\n"),
        ("from . import beds\n", "import asyncio\n\nfrom . import beds\n"),
        (
            "from __future__ import annotations\n",
            "from __future__ import annotations\n\nimport asyncio\n",
        ),
    ],
)
def test_where_it_is_put(header: str, expected: str) -> None:
    assert str(with_module(Text.of(header + CODE), "asyncio")) == expected + CODE


def test_before_the_first_function() -> None:
    after = with_module(Text.of(CODE.lstrip()), "asyncio")
    assert str(after) == f"import asyncio\n{CODE}"


@pytest.mark.parametrize("text", ["", "\n", "# About.\n", '"""About."""', "X = 1"])
def test_texts_that_are_hardly_any(text: str) -> None:
    after = with_module(Text.of(text), "asyncio")
    assert _imported(after) == ["asyncio"]
    assert ast.get_docstring(ast.parse(str(after))) == ast.get_docstring(ast.parse(text))


# A name beside another.

BESIDE = {
    "alone": "from contextlib import contextmanager\n",
    "with earlier ones": "from contextlib import closing, contextmanager\n",
    "with later ones": "from contextlib import contextmanager, suppress\n",
    "in the middle": "from contextlib import closing, contextmanager, suppress\n",
    "with classes": "from contextlib import ExitStack, contextmanager\n",
    "on lines": "from contextlib import (\n    closing,\n    contextmanager,\n    suppress,\n)\n",
    "on lines, first": "from contextlib import (\n    contextmanager,\n    suppress,\n)\n",
    "on one line": "from contextlib import (closing, contextmanager)\n",
    "with a comment": "from contextlib import contextmanager  # here\n",
    "in a block": "try:\n    from contextlib import contextmanager\nfinally:\n    pass\n",
    "in a function": "def g():\n    from contextlib import contextmanager\n",
    "after another": "from abc import ABC\nfrom contextlib import contextmanager\n",
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("new", ["asynccontextmanager", "AsyncExitStack", "redirect_stdout"])
@pytest.mark.parametrize("header", BESIDE)
def test_a_name_is_imported_beside_another(header: str, new: str, newline: str) -> None:
    before = Text.of((BESIDE[header] + CODE).replace("\n", newline))
    after = with_name_beside(before, new, "contextmanager")
    names = [
        alias.name
        for node in ast.walk(ast.parse(str(after)))
        if isinstance(node, ast.ImportFrom) and node.module == "contextlib"
        for alias in node.names
    ]
    assert names.count(new) == names.count("contextmanager") == 1
    assert after.data.count(newline.encode()) == after.data.count(b"\n")
    assert _complaints(after) <= _complaints(before)
    assert with_name_beside(after, new, "contextmanager") == after


def test_the_first_import_that_has_the_name_counts() -> None:
    before = "from a import x\nfrom b import y\nfrom c import y\n"
    after = "from a import x\nfrom b import y, z\nfrom c import y\n"
    assert str(with_name_beside(Text.of(before), "z", "y")) == after


@pytest.mark.parametrize(
    "text", ["", "import contextlib\n", "from contextlib import contextmanager as c\n"]
)
def test_without_the_other_name_nothing_is_added(text: str) -> None:
    assert str(with_name_beside(Text.of(text), "new", "contextmanager")) == text


# Where imports may change.


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("header", HEADERS)
def test_imports_are_added_where_they_are_expected(header: str, module: str) -> None:
    before = Text.of(HEADERS[header] + CODE)
    snapshot = Snapshot("file:///naps.py", 1, "python", before)
    old, new = lines(before), lines(with_module(before, module))
    changed = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    expected = import_lines(snapshot)
    assert changed in expected or changed - 1 in expected


def test_lines_of_code_are_not_those_of_imports() -> None:
    text = "import time\n\n\ndef f():\n    time.sleep(1)\n    time.sleep(2)\n"
    snapshot = Snapshot("file:///naps.py", 1, "python", Text.of(text))
    assert import_lines(snapshot) & {3, 4, 5} == set()
