"""The ticket machine."""

import asyncio

_next = asyncio.Lock()  # one customer at a time
_tickets = []


async def draw(name: str) -> int:
    """Draw a ticket; the machine prints for a second."""
    await _next.acquire()
    try:
        number = len(_tickets) + 1
        await asyncio.sleep(1)
        _tickets.append((number, name))
    finally:
        _next.release()
    return number
