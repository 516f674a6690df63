import asyncio


async def blink(times, slow=False):
    """Blink a lamp; return what was seen."""
    seen = []
    for number in range(times):
        seen.append(f"on {number}"); await asyncio.sleep(1 if slow else 0.2); seen.append("off")

    pause = None if times < 2 else await asyncio.sleep(3)
    # A lamp that blinked says so:
    seen.append(f"rested: {await asyncio.sleep(0.25)}, {pause!r}")
    return seen
