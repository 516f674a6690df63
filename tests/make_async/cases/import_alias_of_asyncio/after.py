import asyncio
import asyncio as aio


async def lights():
    await aio.sleep(0.1)
    return "lights on"


async def show():
    """Start the show, three seconds after the lights."""
    state = await lights()
    await asyncio.sleep(3)
    return state.upper()
