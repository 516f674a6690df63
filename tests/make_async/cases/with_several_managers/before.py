import time
import urllib.request
from contextlib import suppress


def merge(path, url):
    """Our names and those of a page, ours first."""
    names = []
    with suppress(FileNotFoundError), open(path) as ours, urllib.request.urlopen(url) as theirs:
        names += ours.read().split()
        time.sleep(0.1)
        names += theirs.read().decode().split()
    return names
