from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
def patiently(action: Callable[[], T]) -> T: ...
@overload
def patiently(action: Callable[[], T], default: T) -> T: ...
def patiently(action, default=None):
    """What an action returns, with a second try before the default."""
    for _ in range(2):
        try:
            return action()
        except LookupError:
            time.sleep(1)
    return default


def find(shelf: dict[str, int], name: str) -> int | None:
    return patiently(lambda: shelf[name], -1)
