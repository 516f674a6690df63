import requests


def degrees(city):
    # One expression, three steps: only the first of them waits.
    return requests.get("https://weather.example/" + city).json()["degrees"]


def warmer(first, second):
    """Which of two cities is warmer."""
    return first if degrees(first) > degrees(second) else second
