import asyncio


class Account:
    """An account that many may pay into."""

    def __init__(self):
        self.balance = 0
        self._lock = asyncio.Lock()

    async def pay(self, amount):
        """Pay in, slowly: nobody else may do so meanwhile."""
        async with self._lock:
            before = self.balance
            await asyncio.sleep(0.1)  # the bank thinks
            self.balance = before + amount
        return self.balance
