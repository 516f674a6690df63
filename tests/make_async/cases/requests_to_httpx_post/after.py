import httpx


async def order(item, amount, *, customer="guest"):
    """Order something, and return what the shop understood."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
        response = await client.post(
            "https://shop.example/orders",
            json={"item": item, "amount": amount},  # the shop wants JSON
            headers={
                "X-Customer": customer,
            },
        )
    response.raise_for_status()

    return response.status_code, response.json()["received"]
