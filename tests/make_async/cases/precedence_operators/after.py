import asyncio


async def measure(what):
    """Measure something; takes a second."""
    await asyncio.sleep(1)
    return {"depth": 3, "width": 4, "holes": 0}[what]


async def survey():
    """All that is to be known about the ditch."""
    below = -await measure("depth")
    diagonal = (await measure("depth") ** 2 + await measure("width") ** 2) ** 0.5
    sound = not await measure("holes")
    deep = await measure("depth") if not await measure("holes") else 0
    between = 2 < await measure("depth") <= await measure("width")
    return below, diagonal, sound, deep, between, 2 ** -await measure("depth")
