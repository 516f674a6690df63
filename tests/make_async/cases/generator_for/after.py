import asyncio


async def ticks(count, every=1):
    """Numbers, one each second."""
    for number in range(count):
        if number:
            await asyncio.sleep(every)
        yield number


async def show(count):
    """What a clock shows; there may be something between the ticks."""
    shown = []
    async for tick in ticks(count):
        # Only even ones make a sound.
        shown.append("tick" if tick % 2 == 0 else "tock")
    return shown
