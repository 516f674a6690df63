import requests

CITIES = ["oslo", "rome"]


def averages(cities=CITIES):
    """Degrees by city, and their mean."""
    degrees = {}

    for city in cities:
        # Each city has a page of its own.
        response = requests.get(f"https://weather.example/{city}")
        if not response.ok:
            continue
        degrees[city] = response.json()["degrees"]

    return degrees, sum(degrees.values()) / len(degrees)
