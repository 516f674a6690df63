import aiohttp


async def table(cities, unit="C"):
    """Weather of some cities, and which of them are cold."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
        pages = {
            city: await (await session.get(f"https://weather.example/{city}")).json(content_type=None)
            for city in cities
            if city  # names may be missing
        }
        cold = [(await session.get(f"https://weather.example/{page['city'].lower()}")).status
                for page in pages.values() if page["degrees"] < 0]
    return {city: f"{page['degrees']} {unit}" for city, page in pages.items()}, cold
