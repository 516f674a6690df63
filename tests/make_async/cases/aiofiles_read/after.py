"""Shopping lists, one thing a line."""

import asyncio


async def to_buy(path):
    """What is still to be bought."""
    missing = []
    with await asyncio.to_thread(open, path, encoding="utf-8") as shopping:
        for line in await asyncio.to_thread(list, shopping):
            thing = line.strip()

            # Bought things have an x in front.
            if thing and not thing.startswith("x "):
                missing.append(thing)
    return missing
