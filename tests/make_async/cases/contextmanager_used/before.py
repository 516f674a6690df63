import contextlib
import time
from collections.abc import Iterator


@contextlib.contextmanager
def gate(name: str) -> Iterator[str]:
    """Open a gate, and close it after the block."""
    time.sleep(3)
    yield f"{name} gate"


@contextlib.contextmanager
def whistle() -> Iterator[None]:
    yield  # nothing to wait for


def let_in(sheep):
    """Let the sheep in, with a whistle."""
    with whistle(), gate("west") as way:
        inside = [f"{name} by the {way}" for name in sheep]
    return inside
