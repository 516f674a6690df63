import asyncio


async def toast(slices):
    """Toast bread; two minutes."""
    await asyncio.sleep(120)
    return ["toast"] * slices


async def boil(what):
    return what.upper()


async def breakfast(guests):
    """Toast and tea for everybody."""
    kettle = asyncio.create_task(boil("tea"))
    plates = await toast(guests) + [
        # The cook eats too.
        *await toast(1),
    ]
    return [*plates, await kettle]
