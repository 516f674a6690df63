# A guest book, in a file without any imports.
# Its second line.

import asyncio

book = {"path": "guests.txt"}


async def sign(name):
    """Add a name; returns the number of names."""
    with await asyncio.to_thread(open, book["path"], "a+") as file:
        await asyncio.to_thread(file.write, name + "\n")
        file.seek(0)
        return len(await asyncio.to_thread(file.readlines))
