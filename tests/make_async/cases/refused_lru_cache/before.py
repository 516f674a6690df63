import functools

import requests


@functools.lru_cache(maxsize=32)
def price(number: int) -> int:
    """The price of a thing, asked for once."""
    return requests.get(f"https://shop.example/items/{number}").json()["price"]


def total(*numbers):
    return sum(map(price, numbers))
