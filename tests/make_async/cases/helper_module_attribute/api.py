import requests

BASE = "https://weather.example/"


def _load(path: str) -> dict:
    return requests.get(BASE + path).json()


def degrees(city: str) -> int:
    """Today's temperature."""
    return _load(city)["degrees"]


def advice(degrees: int) -> str:
    """What to wear."""
    return "Wear a hat." if degrees < 0 else "Go out!"
