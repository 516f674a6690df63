import asyncio
from typing import AsyncGenerator


async def readings(sensor: list) -> AsyncGenerator[float, None]:
    """Readings until the sensor is empty."""
    while sensor:
        await asyncio.sleep(0.5)
        yield sensor.pop(0)


async def mean(sensor: list) -> float:
    """The mean of all readings, rounded."""
    values = [item async for item in readings(sensor)]
    if not values:
        return 0.0
    return round(sum(values) / len(values), 1)
