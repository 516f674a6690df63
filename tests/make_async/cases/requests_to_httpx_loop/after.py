import httpx

CITIES = ["oslo", "rome"]


async def averages(cities=CITIES):
    """Degrees by city, and their mean."""
    degrees = {}

    async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
        for city in cities:
            # Each city has a page of its own.
            response = await client.get(f"https://weather.example/{city}")
            if not response.is_success:
                continue
            degrees[city] = response.json()["degrees"]

    return degrees, sum(degrees.values()) / len(degrees)
