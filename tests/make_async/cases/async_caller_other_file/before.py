import requests


def is_up(url: str, *, retries: int = 0) -> bool:
    """Whether a page can be had."""
    for _ in range(retries + 1):
        if requests.get(url).ok:
            return True
    return False
