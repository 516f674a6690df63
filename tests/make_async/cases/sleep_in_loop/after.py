"""Waking a sleepy sensor."""

import asyncio

READINGS = iter([None, None, 21.5])


async def read_sensor(tries: int = 5) -> float:
    """Ask the sensor until it answers."""
    for attempt in range(tries):
        value = next(READINGS)
        if value is not None:
            return value

        # It wakes up slowly: wait longer each time.
        await asyncio.sleep(0.5 * (attempt + 1))  # seconds

    raise TimeoutError("the sensor sleeps")
