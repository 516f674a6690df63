import asyncio
from functools import partial


async def scan(page, dpi=300):
    """Scan a page."""
    await asyncio.sleep(dpi / 100)
    return f"{page}@{dpi}"


async def scan_all(pages):
    """Careful people called the blocking function in a thread."""
    first = await asyncio.to_thread(scan, pages[0], dpi=100)
    loop = asyncio.get_running_loop()
    # The last one with a function of other arguments:
    last = await loop.run_in_executor(None, partial(scan, pages[-1], 600))
    return [first, last]
