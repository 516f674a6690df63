import time


def part(numbers):
    yield from numbers
    return sum(numbers)


def parts(*lists):
    """All numbers, and after each list its sum."""
    for numbers in lists:
        total = yield from part(numbers)
        time.sleep(1)
        yield total
