import time


class Elevator:
    """Goes up and down."""

    def __init__(self, floors=5):
        self.floors = floors
        self.at = 0

    def _travel(self, floors):
        time.sleep(floors * 2)

    def go(self, floor):
        """Go to a floor, and open the door."""
        if not 0 <= floor < self.floors:
            return False
        self._travel(abs(self.at - floor))
        self.at = floor
        return True

    def round_trip(self):
        """To the top and back."""
        return self.go(self.floors - 1) and self.go(0)
