import time

pause = lambda seconds: time.sleep(seconds)


def steps(count):
    """Walk, with a pause at each step."""
    for _ in range(count):
        pause(0.1)
    return count
