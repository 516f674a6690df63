# kind: always_true
import math


def parse_reading(text):
    """Return a sensor's reading in degrees; NaN where it sent no number."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def mean_temperature(readings):
    """Return the mean of the readings that are numbers, None if there are none."""
    valid = []
    for text in readings:
        value = parse_reading(text)
        if not math.isnan(value):
            valid.append(value)
    if not valid:
        return None
    return sum(valid) / len(valid)
