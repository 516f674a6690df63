import threading
import time


class Kettle:
    """Whistles when the water boils."""

    def __init__(self):
        self.boils = threading.Event()

    def heat(self, degrees):
        """Heat by so many degrees, one second each ten."""
        time.sleep(degrees // 10)
        self.boils.set()

    def tea(self):
        """Heat the water, and wait for the whistle."""
        self.heat(80)
        self.boils.wait()
        return "tea" if self.boils.is_set() else "water"
