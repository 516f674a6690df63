import asyncio
import time


async def fetch_name(number):
    """The name of a player, from the game server."""
    await asyncio.sleep(0.1)
    return f"player {number}"


def greet(number):
    """Greet a player, and give them time to read it."""
    name = asyncio.run(fetch_name(number))
    time.sleep(1)
    return f"Hello, {name}!"
