"""A file from another system."""

import urllib.request


def first_words(url):
    """The first word of each line."""
    with urllib.request.urlopen(url) as page:
        text = page.read().decode()

    # The last line is empty.
    words = []
    for line in text.split("\n"):
        if line:
            words.append(line.split()[0])
    return words
