"""The servers that most tests share: starting one for each would take minutes."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.lsp.editor import MODEL_SERVERS, NEOVIM, VSCODE, Document, Editor, open_editor
from tests.lsp.finding import CODE
from tests.lsp.windows import NAP, Window, open_window
from tests.model_server import model_server

pytest.register_assert_rewrite("tests.contract")

_numbers = itertools.count(1)

BASKET = '''\
"""A basket of apples."""

LIMIT = 3


class Basket:
    """Holds apples."""

    kind = "wicker"

    def add(self, apple):
        self.apples.append(apple)
        return len(self.apples) < NUMBER


def total(prices):
    result = NUMBER
    for price in prices:
        result += price
    return result
'''


@pytest.fixture(scope="session", autouse=True)
def backend(
    request: pytest.FixtureRequest, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Who has the model."""
    name: str = request.config.getoption("--backend")
    with ExitStack() as stack:
        if name == "openai":
            log = tmp_path_factory.mktemp("server") / "log"
            MODEL_SERVERS.append(stack.enter_context(model_server(tiny_model, log)))
        yield name
        MODEL_SERVERS.clear()


@pytest.fixture
def basket() -> str:
    """Python that no test before has explained."""
    return BASKET.replace("NUMBER", str(next(_numbers)))


@pytest.fixture
def quick(tiny_model: Path) -> dict[str, Any]:
    """Settings with the tiny model and short answers."""
    return {"model": {"path": str(tiny_model)}, "generation": {"maxTokens": 64}}


@pytest.fixture
def lengthy(tiny_model: Path) -> dict[str, Any]:
    """Settings that make an answer take several seconds, unless it is stopped."""
    generation = {"maxTokens": 8192, "temperature": 1}
    return {"model": {"path": str(tiny_model)}, "generation": generation}


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=[VSCODE, NEOVIM])
async def editor(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    tiny_model: Path,
    backend: str,
) -> AsyncIterator[Editor]:
    """An editor with our plugin and a model, shared by all tests that leave it as it is."""
    options = {"model": {"path": str(tiny_model)}, "generation": {"maxTokens": 64}}
    home = tmp_path_factory.mktemp("home")
    async with open_editor(home, request.param, options=options) as shared:
        yield shared


@pytest.fixture
def document(editor: Editor, basket: str) -> Document:
    """A buffer in the shared editor."""
    return editor.open(f"file:///baskets/{next(_numbers)}/basket.py", basket)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    """An editor without a model, shared by all tests that leave its settings as they are."""
    async with open_editor(tmp_path_factory.mktemp("home")) as shared:
        yield shared


@pytest.fixture
def apples(plain: Editor) -> Document:
    """A buffer with three bugs in the shared editor, in a file of its own."""
    return plain.open(f"file:///apples/{next(_numbers)}/apples.py", CODE)


@pytest.fixture
async def window(home: Path) -> AsyncIterator[Window]:
    """A window without a folder and without a model."""
    async with open_window(home) as found:
        yield found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a function, one that awaits another, and one that can't await."""
    root = tmp_path / "a house"
    root.mkdir()
    (root / "naps.py").write_text(NAP)
    (root / "night.py").write_text(
        "from naps import nap\n\n\nasync def night():\n    return nap(8)\n"
    )
    return root


@pytest.fixture
def with_model(tiny_model: Path) -> dict[str, Any]:
    """Settings with a model of which no finding is believed."""
    return {
        "model": {"path": str(tiny_model)},
        "generation": {"maxTokens": 64},
        "bugs": {"minConfidence": 1},
        "latency": {"readAhead": "off"},
    }
