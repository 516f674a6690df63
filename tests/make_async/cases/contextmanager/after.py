import asyncio
from contextlib import asynccontextmanager

LAMPS = []


@asynccontextmanager
async def lamp(name, warm_up=2):
    """A lamp that is on inside the block."""
    await asyncio.sleep(warm_up)
    LAMPS.append(name)
    try:
        yield len(LAMPS)
    finally:
        LAMPS.remove(name)
        await asyncio.sleep(0.5)  # it cools down
