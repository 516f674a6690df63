import asyncio


async def countdown(seconds):
    """Count down to zero; returns all that was said."""
    if seconds == 0:
        return ["lift off"]

    await asyncio.sleep(1)
    return [str(seconds), *await countdown(seconds - 1)]
