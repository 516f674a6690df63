import asyncio


class Kettle:
    """Whistles when the water boils."""

    def __init__(self):
        self.boils = asyncio.Event()

    async def heat(self, degrees):
        """Heat by so many degrees, one second each ten."""
        await asyncio.sleep(degrees // 10)
        self.boils.set()

    async def tea(self):
        """Heat the water, and wait for the whistle."""
        await self.heat(80)
        await self.boils.wait()
        return "tea" if self.boils.is_set() else "water"
