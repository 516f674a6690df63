import asyncio

import requests


async def is_up(url: str, *, retries: int = 0) -> bool:
    """Whether a page can be had."""
    for _ in range(retries + 1):
        if (await asyncio.to_thread(requests.get, url)).ok:
            return True
    return False
