"""Settings of the bakery."""

import asyncio
import json


async def load_settings(path="bakery.json"):
    """The settings, with defaults for what is not set."""
    settings = {"oven": 220, "name": "Bakery"}

    with await asyncio.to_thread(open, path) as file:
        settings.update(await asyncio.to_thread(json.load, file))  # the file wins

    return settings
