import asyncio
import hashlib

import requests


async def checksum(url: str) -> tuple[int, str]:
    """Size and MD5 of a file, without keeping all of it in memory."""
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    response = await asyncio.to_thread(requests.get, url, stream=True, timeout=(3, 30))
    for chunk in await asyncio.to_thread(lambda: list(response.iter_content(chunk_size=4))):
        size += len(chunk)
        digest.update(chunk)

    return size, digest.hexdigest()[:6]
