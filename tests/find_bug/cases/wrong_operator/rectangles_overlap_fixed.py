# kind: wrong_operator
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle on the screen, in pixels."""

    left: int
    top: int
    width: int
    height: int


def rectangles_overlap(a, b):
    """Tell whether two boxes share at least one pixel."""
    across = a.left < b.left + b.width and b.left < a.left + a.width
    down = a.top < b.top + b.height and b.top < a.top + a.height
    return across and down


def collisions(player, obstacles):
    """Return the obstacles that the player touches."""
    return [box for box in obstacles if rectangles_overlap(player, box)]
