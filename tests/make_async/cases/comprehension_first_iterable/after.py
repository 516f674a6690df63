import asyncio
from operator import itemgetter


async def fetch(kind):
    """All things of a kind."""
    await asyncio.sleep(2)
    return [(kind, number) for number in range(3)]


async def pairs():
    """Every second apple with every pear."""
    numbers = map(itemgetter(1), await fetch("apple"))
    return [
        (left, right)
        for left in numbers if left != 1
        for _, right in await fetch("pear")
    ]


async def count():
    return len({right for _, right in await pairs()})
