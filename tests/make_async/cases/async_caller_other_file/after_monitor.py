"""Looks after pages."""

from before import is_up

PAGES = ["https://news.example/", "https://broken.example/"]


async def check():
    """The pages that are down."""
    return [page for page in PAGES if not await is_up(page, retries=1)]


async def all_up() -> bool:
    return await is_up(PAGES[0]) and not await check()
