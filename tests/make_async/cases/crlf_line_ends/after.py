"""A file from another system."""


import httpx


async def first_words(url):
    """The first word of each line."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
        async with client.stream("GET", url) as page:
            page.raise_for_status()
            text = (await page.aread()).decode()

    # The last line is empty.
    words = []
    for line in text.split("\n"):
        if line:
            words.append(line.split()[0])
    return words
