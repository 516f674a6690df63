"""Today's headlines."""

import requests


def headlines(url="https://news.example/latest"):
    """All headlines, in the order of the page."""
    page = requests.get(url)

    lines = page.text.splitlines()
    return [line.strip() for line in lines if line]
