import logging

import httpx

log = logging.getLogger(__name__)


async def item_name(number: int) -> str:
    """The name of a thing in the shop."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
        answer = await client.get("https://shop.example/items/%d" % number)
    try:
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        # Not sold any more, most likely.
        log.info("no item %d: %s", number, error)
        return f"unknown ({error.response.status_code})"
    return answer.json()["name"]
