import time


class Kettle:
    def boil(self, litres):
        """Boil water; a minute a litre."""
        time.sleep(60 * litres)
        return litres

    def describe(self):
        return "kettle"


class TeaMaker(Kettle):
    """A kettle that knows how to make tea."""

    def describe(self):
        return f"tea {super().describe()}"

    def make(self, cups):
        water = super().boil(cups / 4)
        return f"{cups} cups from {water} litres, by {self.describe()}"
