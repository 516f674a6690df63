import time as t


def blink(times, slow=False):
    """Blink a lamp; return what was seen."""
    seen = []
    for number in range(times):
        seen.append(f"on {number}"); t.sleep(1 if slow else 0.2); seen.append("off")

    pause = None if times < 2 else t.sleep(3)
    # A lamp that blinked says so:
    seen.append(f"rested: {t.sleep(0.25)}, {pause!r}")
    return seen
