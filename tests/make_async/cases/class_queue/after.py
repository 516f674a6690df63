import asyncio


class Printer:
    """Prints pages in the order they came."""

    def __init__(self):
        self.waiting = asyncio.Queue()
        self.printed = []

    async def add(self, page):
        await self.waiting.put(page)
        return self.waiting.qsize()

    async def run(self):
        """Print until nothing waits."""
        while not self.waiting.empty():
            page = await self.waiting.get()
            await asyncio.sleep(1)  # a page a second
            self.printed.append(page)
        return " ".join(self.printed)
