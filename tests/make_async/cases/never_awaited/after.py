import asyncio


async def fetch_name(number):
    """The name of a player, from the game server."""
    await asyncio.sleep(0.1)
    return f"player {number}"


async def greet(number):
    """Greet a player, and give them time to read it."""
    name = await fetch_name(number)
    await asyncio.sleep(1)
    return f"Hello, {name}!"
