import threading
import time

SEATS = threading.Semaphore(2)
riding = set()


def ride(name):
    """A round in a carousel with two seats."""
    with SEATS:
        riding.add(name)
        if len(riding) > 2:
            raise RuntimeError("too heavy")

        time.sleep(5)  # one round
        riding.discard(name)
    return f"{name} down"
