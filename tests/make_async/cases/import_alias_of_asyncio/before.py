import asyncio as aio
import time


async def lights():
    await aio.sleep(0.1)
    return "lights on"


def show():
    """Start the show, three seconds after the lights."""
    state = aio.run(lights())
    time.sleep(3)
    return state.upper()
