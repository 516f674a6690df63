import time
from contextlib import contextmanager

LAMPS = []


@contextmanager
def lamp(name, warm_up=2):
    """A lamp that is on inside the block."""
    time.sleep(warm_up)
    LAMPS.append(name)
    try:
        yield len(LAMPS)
    finally:
        LAMPS.remove(name)
        time.sleep(0.5)  # it cools down
