import asyncio


class Oven:
    """An oven that is hot inside the block."""

    def __init__(self, degrees):
        self.degrees = degrees
        self.baked = []

    async def __aenter__(self):
        await asyncio.sleep(self.degrees / 100)
        return self

    async def __aexit__(self, kind, error, trace):
        # It cools down by itself, but not that fast.
        await asyncio.sleep(1)
        self.degrees = 20
        return kind is ValueError

    async def bake(self, thing):
        """Bake one thing, and count it."""
        await asyncio.sleep(30)
        if thing == "stone":
            raise ValueError(thing)
        self.baked.append(thing)
        return len(self.baked)
