from time import monotonic, sleep

DOORS = []


def open_gate(seconds):
    """Open the gate, wait, and close it whatever happens."""
    DOORS.append("open")
    started = monotonic()
    try:
        sleep(seconds)
        if seconds > 10:
            raise ValueError("too long for a cat")
    finally:
        # The motor needs a moment before it turns back.
        sleep(0.1)
        DOORS.append("closed")

    assert monotonic() >= started
    return list(DOORS)
