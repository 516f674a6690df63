import time


class Oven:
    """An oven that is hot inside the block."""

    def __init__(self, degrees):
        self.degrees = degrees
        self.baked = []

    def __enter__(self):
        time.sleep(self.degrees / 100)
        return self

    def __exit__(self, kind, error, trace):
        # It cools down by itself, but not that fast.
        time.sleep(1)
        self.degrees = 20
        return kind is ValueError

    def bake(self, thing):
        """Bake one thing, and count it."""
        time.sleep(30)
        if thing == "stone":
            raise ValueError(thing)
        self.baked.append(thing)
        return len(self.baked)
