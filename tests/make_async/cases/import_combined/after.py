import asyncio
import os
import typing as t

import json


async def checkpoint(data: t.Mapping[str, int], delay: float = 0.5) -> str:
    """Wait until it is quiet, and save the data."""
    await asyncio.sleep(delay)
    name = os.path.join("saves", "game.json")
    with await asyncio.to_thread(open, name, "w") as file:
        await asyncio.to_thread(file.write, json.dumps(data))
    return name
