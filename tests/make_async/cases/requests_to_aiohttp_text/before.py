"""Which words stand on a page."""

import requests


def words(url):
    response = requests.get(url)
    response.raise_for_status()  # 4xx and 5xx

    found = {}
    for word in response.text.lower().split():
        found[word] = found.get(word, 0) + 1
    return sorted(found), len(response.content)
