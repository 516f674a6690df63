import requests


def _get(path):
    return requests.get("https://shop.example" + path)


def _item(number):
    """One thing, or None."""
    answer = _get(f"/items/{number}")
    return answer.json() if answer.ok else None


def _prices(numbers):
    # Things that are sold out have no price.
    return {number: item["price"] for number in numbers if (item := _item(number))}


def cheapest(numbers):
    """The number of the cheapest thing."""
    prices = _prices(numbers)
    return min(prices, key=prices.get)
