import time
from contextlib import contextmanager


@contextmanager
def umbrella(colour):
    """Open an umbrella, and close it afterwards."""
    time.sleep(1)
    yield f"{colour} umbrella"


async def walk(places):
    """Walk in the rain."""
    way = []
    with umbrella("red") as held:
        for place in places:
            way.append(f"{place} under a {held}")
    return way
