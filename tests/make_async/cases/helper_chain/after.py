import asyncio

import requests


async def _get(path):
    return await asyncio.to_thread(requests.get, "https://shop.example" + path)


async def _item(number):
    """One thing, or None."""
    answer = await _get(f"/items/{number}")
    return answer.json() if answer.ok else None


async def _prices(numbers):
    # Things that are sold out have no price.
    return {number: item["price"] for number in numbers if (item := await _item(number))}


async def cheapest(numbers):
    """The number of the cheapest thing."""
    prices = await _prices(numbers)
    return min(prices, key=prices.get)
