"""The kitchen."""

import before


class Cook:
    def __init__(self, name):
        self.name = name

    def steps(self, dish):
        """What the cook does, step by step."""
        for step in before.read_recipe(dish):
            # Each cook does it their way.
            yield f"{self.name}: {step}"


def cook(dish):
    return list(Cook("Ada").steps(dish))
