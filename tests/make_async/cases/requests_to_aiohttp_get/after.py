import aiohttp


async def rates(base="EUR"):
    """Exchange rates; the server is old, and sends JSON as text/html."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
        answer = await session.get("https://legacy.example/rates", params={"base": base})
        if answer.status != 200:
            return {}
        return await answer.json(content_type=None)
