"""Which words stand on a page."""

import aiohttp


async def words(url):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
        response = await session.get(url)
        response.raise_for_status()  # 4xx and 5xx

        found = {}
        for word in (await response.text()).lower().split():
            found[word] = found.get(word, 0) + 1
        return sorted(found), len(await response.read())
