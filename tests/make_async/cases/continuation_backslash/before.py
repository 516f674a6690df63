import time


def wait_for(door, seconds=1):
    """Wait for a door."""
    time.sleep \
        (seconds)
    return door in ("front", "back")


def enter():
    """Go in by whichever door opens."""
    opened = wait_for("side") or \
        wait_for("front",
                 # It sticks a little.
                 seconds=4) and \
        not wait_for("cellar")
    return opened
