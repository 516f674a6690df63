"""Today's headlines."""

import httpx


async def headlines(url="https://news.example/latest"):
    """All headlines, in the order of the page."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
        page = await client.get(url)

    lines = page.text.splitlines()
    return [line.strip() for line in lines if line]
