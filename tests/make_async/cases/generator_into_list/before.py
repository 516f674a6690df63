import time
from typing import Generator


def readings(sensor: list) -> Generator[float, None, None]:
    """Readings until the sensor is empty."""
    while sensor:
        time.sleep(0.5)
        yield sensor.pop(0)


def mean(sensor: list) -> float:
    """The mean of all readings, rounded."""
    values = list(readings(sensor))
    if not values:
        return 0.0
    return round(sum(values) / len(values), 1)
