import time
from threading import Thread


def beep(times=1, *, tone="c"):
    """Beep; takes half a second each time."""
    time.sleep(times / 2)
    return tone * times


def alarm():
    """Runs in a thread of its own, where no loop is."""
    beep(10, tone="a")


def play(tune):
    """Play a tune, with the alarm going off in between."""
    thread = Thread(target=alarm)
    thread.start()
    thread.join()
    return "".join(beep(2, tone=tone) for tone in tune)
