import asyncio
import time


def toast(slices):
    """Toast bread; two minutes."""
    time.sleep(120)
    return ["toast"] * slices


async def boil(what):
    return what.upper()


async def breakfast(guests):
    """Toast and tea for everybody."""
    kettle = asyncio.create_task(boil("tea"))
    plates = toast(guests) + [
        # The cook eats too.
        *toast(1),
    ]
    return [*plates, await kettle]
