import requests


def order(item, amount, *, customer="guest"):
    """Order something, and return what the shop understood."""
    response = requests.post(
        "https://shop.example/orders",
        json={"item": item, "amount": amount},  # the shop wants JSON
        headers={
            "X-Customer": customer,
        },
    )
    response.raise_for_status()

    return response.status_code, response.json()["received"]
