"""What other modules may use of clocks."""

from time import sleep, time

import requests

__all__ = ["chime", "sleep"]


def chime(times=1):
    """Chime, and tell the news in between."""
    for _ in range(times):
        sleep(1)
    return requests.get("https://news.example/").text[:6]
