"""Stock-taking over the shop's interface."""

import requests


def count_stock(token):
    """Names and the sum of all prices."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        listing = session.get("https://shop.example/items", params={"page": 1}).json()

        total = 0
        names = []
        for number in listing["items"]:  # two of them today
            item = session.get(f"https://shop.example/items/{number}").json()
            names.append(item["name"])
            total += item["price"]

    return names, total
