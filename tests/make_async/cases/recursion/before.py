import time


def countdown(seconds):
    """Count down to zero; returns all that was said."""
    if seconds == 0:
        return ["lift off"]

    time.sleep(1)
    return [str(seconds), *countdown(seconds - 1)]
