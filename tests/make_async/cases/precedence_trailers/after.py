import asyncio
from types import SimpleNamespace


async def open_box(name):
    """What is in a box: more boxes, or things."""
    await asyncio.sleep(0.1)
    return SimpleNamespace(name=name, things=["key", "map"], look=lambda: f"look into {name}")


async def search():
    """Search all boxes."""
    found = [(await open_box("red")).name, (await open_box("blue")).things[0]]
    found.append((await open_box("green")).look())
    found += (await open_box("gold")).things[(await open_box("tin")).things.index("map"):]
    key = (await open_box((await open_box("old")).name + "est")).name  # a box in a box
    return found + [key]
