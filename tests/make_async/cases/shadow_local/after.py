import asyncio


class Bear:
    """Sleeps through the winter."""

    def __init__(self):
        self.slept = 0

    def sleep(self, months):
        self.slept += months
        return self.slept


async def winter(bear):
    """A winter with a bear, and a day of waiting for it."""
    time = bear
    time.sleep(3)
    await asyncio.sleep(24)
    return time.sleep(1)
