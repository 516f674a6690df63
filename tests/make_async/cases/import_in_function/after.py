"""Checks whether the printer has paper."""

import asyncio


async def has_paper(tries=2):
    """Ask the printer; it needs a moment to look."""

    from urllib.request import urlopen

    for _ in range(tries):
        with await asyncio.to_thread(urlopen, "https://files.example/logo.svg") as answer:
            if answer.status == 200:
                return True
        await asyncio.sleep(1)
    return False
