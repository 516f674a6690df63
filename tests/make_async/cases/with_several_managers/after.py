import asyncio
import urllib.request
from contextlib import suppress


async def merge(path, url):
    """Our names and those of a page, ours first."""
    names = []
    with suppress(FileNotFoundError), await asyncio.to_thread(open, path) as ours, await asyncio.to_thread(urllib.request.urlopen, url) as theirs:
        names += (await asyncio.to_thread(ours.read)).split()
        await asyncio.sleep(0.1)
        names += (await asyncio.to_thread(theirs.read)).decode().split()
    return names
