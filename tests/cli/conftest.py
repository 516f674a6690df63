"""A file to explain."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.contract")

BASKET = '''\
"""A basket of apples."""

LIMIT = 3


class Basket:
    """Holds apples."""

    kind = "wicker"

    def add(self, apple):
        self.apples.append(apple)
        return len(self.apples) < LIMIT


def total(prices):
    result = 0
    for price in prices:
        result += price
    return result
'''


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Python without errors."""
    path = tmp_path / "basket.py"
    path.write_text(BASKET)
    return path
