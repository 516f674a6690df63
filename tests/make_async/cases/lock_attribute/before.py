import threading
import time


class Account:
    """An account that many may pay into."""

    def __init__(self):
        self.balance = 0
        self._lock = threading.Lock()

    def pay(self, amount):
        """Pay in, slowly: nobody else may do so meanwhile."""
        with self._lock:
            before = self.balance
            time.sleep(0.1)  # the bank thinks
            self.balance = before + amount
        return self.balance
