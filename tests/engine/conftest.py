"""The tiny model, loaded into the tests' own process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qwlsp.backends.llama import Model


@pytest.fixture(scope="session")
def model(tiny_model: Path) -> Iterator[Model]:
    loaded = Model(tiny_model)
    yield loaded
    loaded.close()
