import asyncio
from pathlib import Path


async def size(path: Path) -> int:
    """Bytes below a path."""
    if await asyncio.to_thread(path.is_dir):
        return await folder_size(path)
    return (await asyncio.to_thread(path.stat)).st_size


async def folder_size(folder: Path) -> int:
    """Bytes of all that lies in a folder."""
    total = 0
    for entry in await asyncio.to_thread(lambda: list(folder.iterdir())):
        # Hidden files count as well.
        total += await size(entry)
    return total
