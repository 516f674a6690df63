import asyncio
import time


def rings(bell):
    """Ring once; a bell that is broken stays silent."""
    time.sleep(1)
    return bell != "broken"


async def somebody_home(bells):
    """Ring until one bell works, and no further."""
    if await asyncio.to_thread(lambda: any(rings(bell) for bell in bells)):
        return "yes"
    return "all broken" if not await asyncio.to_thread(lambda: all(not rings(bell) for bell in bells)) else "no"
