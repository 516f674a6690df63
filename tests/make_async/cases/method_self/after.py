import asyncio


class Elevator:
    """Goes up and down."""

    def __init__(self, floors=5):
        self.floors = floors
        self.at = 0

    async def _travel(self, floors):
        await asyncio.sleep(floors * 2)

    async def go(self, floor):
        """Go to a floor, and open the door."""
        if not 0 <= floor < self.floors:
            return False
        await self._travel(abs(self.at - floor))
        self.at = floor
        return True

    async def round_trip(self):
        """To the top and back."""
        return await self.go(self.floors - 1) and await self.go(0)
