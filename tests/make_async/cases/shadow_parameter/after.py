import asyncio


async def unlock(open, input=None):
    """Try keys; `open` tells whether a key fits."""
    tried = 0
    for key in input or ["iron", "brass"]:
        tried += 1
        if open(key):
            return key, tried
        await asyncio.sleep(2)  # the lock is stiff
    return None
