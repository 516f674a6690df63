import asyncio

SEATS = asyncio.Semaphore(2)
riding = set()


async def ride(name):
    """A round in a carousel with two seats."""
    async with SEATS:
        riding.add(name)
        if len(riding) > 2:
            raise RuntimeError("too heavy")

        await asyncio.sleep(5)  # one round
        riding.discard(name)
    return f"{name} down"
