import aiohttp


async def stock(numbers):
    """Names of things, until one is missing."""
    names = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
        for number in numbers:
            answer = await session.get(f"https://shop.example/items/{number}")
            if answer.status == 404:
                return names, "incomplete"
            if (await answer.json(content_type=None))["price"] > 100:
                continue
            names.append((await answer.json(content_type=None))["name"])
        else:
            names.append("all")
    return names, "complete"
