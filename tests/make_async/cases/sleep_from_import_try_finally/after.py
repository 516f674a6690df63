import asyncio
from time import monotonic

DOORS = []


async def open_gate(seconds):
    """Open the gate, wait, and close it whatever happens."""
    DOORS.append("open")
    started = monotonic()
    try:
        await asyncio.sleep(seconds)
        if seconds > 10:
            raise ValueError("too long for a cat")
    finally:
        # The motor needs a moment before it turns back.
        await asyncio.sleep(0.1)
        DOORS.append("closed")

    assert monotonic() >= started
    return list(DOORS)
