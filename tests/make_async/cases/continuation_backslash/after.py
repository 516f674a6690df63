import asyncio


async def wait_for(door, seconds=1):
    """Wait for a door."""
    await asyncio.sleep \
        (seconds)
    return door in ("front", "back")


async def enter():
    """Go in by whichever door opens."""
    opened = await wait_for("side") or \
        await wait_for("front",
                 # It sticks a little.
                 seconds=4) and \
        not await wait_for("cellar")
    return opened
