from collections.abc import Iterator

import requests


def page_lines(url: str) -> Iterator[str]:
    """The lines of a page, if there is one."""
    response = requests.get(url)
    if response.ok:
        yield from response.text.splitlines()


def all_lines(*urls: str) -> Iterator[str]:
    """The lines of several pages, with a line between them."""
    for url in urls:
        yield from page_lines(url)
        yield "--"
