import time
from operator import itemgetter


def fetch(kind):
    """All things of a kind."""
    time.sleep(2)
    return [(kind, number) for number in range(3)]


def pairs():
    """Every second apple with every pear."""
    numbers = map(itemgetter(1), fetch("apple"))
    return [
        (left, right)
        for left in numbers if left != 1
        for _, right in fetch("pear")
    ]


def count():
    return len({right for _, right in pairs()})
