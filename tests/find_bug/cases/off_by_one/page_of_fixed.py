# kind: off_by_one
from typing import NamedTuple


class Page(NamedTuple):
    """A part of a listing; pages count from 1."""

    items: list
    number: int
    pages: int


def page_of(items, number, size=20):
    """Return page `number` of a listing; ValueError where there is no such page."""
    pages = max(1, -(-len(items) // size))
    if not 1 <= number <= pages:
        raise ValueError(f"there is no page {number} of {pages}")
    first = (number - 1) * size
    return Page(items[first : first + size], number, pages)
