"""What other modules may use of clocks."""

import asyncio
from time import sleep, time

import httpx

__all__ = ["chime", "sleep"]


async def chime(times=1):
    """Chime, and tell the news in between."""
    for _ in range(times):
        await asyncio.sleep(1)
    async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
        return (await client.get("https://news.example/")).text[:6]
