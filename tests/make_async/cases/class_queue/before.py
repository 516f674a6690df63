import queue
import time


class Printer:
    """Prints pages in the order they came."""

    def __init__(self):
        self.waiting = queue.Queue()
        self.printed = []

    def add(self, page):
        self.waiting.put(page)
        return self.waiting.qsize()

    def run(self):
        """Print until nothing waits."""
        while not self.waiting.empty():
            page = self.waiting.get()
            time.sleep(1)  # a page a second
            self.printed.append(page)
        return " ".join(self.printed)
