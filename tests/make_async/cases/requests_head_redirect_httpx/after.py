import httpx


async def where(url: str) -> str:
    """Tell whether a page has moved, without loading it."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
        answer = await client.head(url, follow_redirects=False)
        if answer.status_code in (301, 308):
            return "moved"

        second = await client.get(url, follow_redirects=False)
    return f"{answer.status_code} {second.status_code}"


async def both():
    return [await where("https://news.example/latest"), await where("https://news.example/")]
