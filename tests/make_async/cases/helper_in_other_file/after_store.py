"""Where orders are kept."""

import asyncio


class Store:
    def __init__(self, path):
        self.path = path
        self.lines = []


async def save_order(store, name):
    """Keep one order."""
    await _flush(store, f"order: {name}")


async def _flush(store, line):
    # The disk is slow.
    await asyncio.sleep(0.3)
    store.lines.append(line)
