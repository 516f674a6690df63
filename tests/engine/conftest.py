"""The tiny model: loaded into the tests' own process, and run by a worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from qwlsp.backends.llama import Model
from tests.engine.asking import Engine


@pytest.fixture(scope="session")
def model(tiny_model: Path) -> Iterator[Model]:
    loaded = Model(tiny_model)
    yield loaded
    loaded.close()


@pytest.fixture
async def engine(tiny_model: Path, home: Path) -> AsyncIterator[Engine]:
    client = Engine(tiny_model, home)
    yield client
    await client.close()
