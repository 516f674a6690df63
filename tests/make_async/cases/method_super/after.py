import asyncio


class Kettle:
    async def boil(self, litres):
        """Boil water; a minute a litre."""
        await asyncio.sleep(60 * litres)
        return litres

    def describe(self):
        return "kettle"


class TeaMaker(Kettle):
    """A kettle that knows how to make tea."""

    def describe(self):
        return f"tea {super().describe()}"

    async def make(self, cups):
        water = await super().boil(cups / 4)
        return f"{cups} cups from {water} litres, by {self.describe()}"
