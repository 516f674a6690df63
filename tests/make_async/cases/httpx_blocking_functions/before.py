import httpx


def total(*items):
    """The price of some things, without what is sold out."""
    total = 0
    with httpx.Client(headers={"Accept": "application/json"}) as client:
        for item in items:
            response = client.get(f"https://shop.example/items/{item}")
            if response.is_success:
                total += response.json()["price"]

    # The shop wants to know that we are done.
    httpx.post("https://shop.example/done", json=total)
    return total
