"""Checks whether the printer has paper."""


def has_paper(tries=2):
    """Ask the printer; it needs a moment to look."""
    import time

    from urllib.request import urlopen

    for _ in range(tries):
        with urlopen("https://files.example/logo.svg") as answer:
            if answer.status == 200:
                return True
        time.sleep(1)
    return False
