import threading
import time


def fill(cups: int) -> list[str]:
    """Fill cups at the one tap there is."""
    tap = threading.Lock()
    filled = []
    for number in range(cups):
        with tap:
            time.sleep(0.2)
            filled.append(f"cup {number}")

        if tap.locked():
            filled.append("dripping")
    return filled
