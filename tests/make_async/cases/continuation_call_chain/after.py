import httpx

TOKEN = "s3cret"


async def latest_item(page=1):
    """The last thing on a page of the shop."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
        listing = (
            (await client.get(
                "https://shop.example/items",  # the list, not the things
                params={"page": page},
                timeout=5,
            ))
            .json()
        )
        # The last number is the newest.
        return ((await client.get(f"https://shop.example/items/{listing['items'][-1]}",
                             headers={"X-Token": TOKEN}))
                .json())["name"]
