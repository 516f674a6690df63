import asyncio


async def breathe(times):
    """In and out."""
    for _ in range(times):
        await asyncio.sleep(4)
    return "calm"
