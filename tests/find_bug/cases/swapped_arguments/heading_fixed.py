# kind: swapped_arguments
import math

POINTS = ("E", "NE", "N", "NW", "W", "SW", "S", "SE")


def heading(start, end):
    """Return the point of the compass in which `end` lies from `start`.

    Places are (x, y) on a map: x grows to the east and y to the north.
    """
    east = end[0] - start[0]
    north = end[1] - start[1]
    if east == north == 0:
        raise ValueError("the places are the same")
    angle = math.atan2(north, east)
    eighth = round(angle / (math.pi / 4)) % 8
    return POINTS[eighth]
