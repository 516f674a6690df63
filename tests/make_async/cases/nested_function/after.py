import asyncio


async def bake(loaves):
    """Bake loaves, two at a time."""
    baked = []

    async def oven(batch):
        """One load of the oven."""
        await asyncio.sleep(45)
        baked.extend(f"{name} bread" for name in batch)

    for start in range(0, len(loaves), 2):
        await oven(loaves[start : start + 2])
    return baked
