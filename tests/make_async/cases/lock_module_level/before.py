"""The ticket machine."""

import time
from threading import Lock

_next = Lock()  # one customer at a time
_tickets = []


def draw(name: str) -> int:
    """Draw a ticket; the machine prints for a second."""
    _next.acquire()
    try:
        number = len(_tickets) + 1
        time.sleep(1)
        _tickets.append((number, name))
    finally:
        _next.release()
    return number
