import requests


def stock(numbers):
    """Names of things, until one is missing."""
    names = []
    with requests.Session() as session:
        for number in numbers:
            answer = session.get(f"https://shop.example/items/{number}")
            if answer.status_code == 404:
                return names, "incomplete"
            if answer.json()["price"] > 100:
                continue
            names.append(answer.json()["name"])
        else:
            names.append("all")
    return names, "complete"
