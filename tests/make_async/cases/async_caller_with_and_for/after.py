import asyncio
from contextlib import asynccontextmanager


@asynccontextmanager
async def umbrella(colour):
    """Open an umbrella, and close it afterwards."""
    await asyncio.sleep(1)
    yield f"{colour} umbrella"


async def walk(places):
    """Walk in the rain."""
    way = []
    async with umbrella("red") as held:
        for place in places:
            way.append(f"{place} under a {held}")
    return way
