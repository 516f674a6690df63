import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator


@contextlib.asynccontextmanager
async def gate(name: str) -> AsyncIterator[str]:
    """Open a gate, and close it after the block."""
    await asyncio.sleep(3)
    yield f"{name} gate"


@contextlib.contextmanager
def whistle() -> Iterator[None]:
    yield  # nothing to wait for


async def let_in(sheep):
    """Let the sheep in, with a whistle."""
    with whistle():
        async with gate("west") as way:
            inside = [f"{name} by the {way}" for name in sheep]
    return inside
