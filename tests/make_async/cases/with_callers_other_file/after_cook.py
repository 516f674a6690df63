"""The kitchen."""

import before


class Cook:
    def __init__(self, name):
        self.name = name

    async def steps(self, dish):
        """What the cook does, step by step."""
        for step in await before.read_recipe(dish):
            # Each cook does it their way.
            yield f"{self.name}: {step}"


async def cook(dish):
    return [item async for item in Cook("Ada").steps(dish)]
