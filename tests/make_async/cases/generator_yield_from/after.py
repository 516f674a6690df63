import asyncio
from collections.abc import AsyncIterator

import requests


async def page_lines(url: str) -> AsyncIterator[str]:
    """The lines of a page, if there is one."""
    response = await asyncio.to_thread(requests.get, url)
    if response.ok:
        for item in response.text.splitlines():
            yield item


async def all_lines(*urls: str) -> AsyncIterator[str]:
    """The lines of several pages, with a line between them."""
    for url in urls:
        async for item in page_lines(url):
            yield item
        yield "--"
