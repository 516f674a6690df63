"""Where orders are kept."""

import time


class Store:
    def __init__(self, path):
        self.path = path
        self.lines = []


def save_order(store, name):
    """Keep one order."""
    _flush(store, f"order: {name}")


def _flush(store, line):
    # The disk is slow.
    time.sleep(0.3)
    store.lines.append(line)
