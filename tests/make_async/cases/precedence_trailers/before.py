import time
from types import SimpleNamespace


def open_box(name):
    """What is in a box: more boxes, or things."""
    time.sleep(0.1)
    return SimpleNamespace(name=name, things=["key", "map"], look=lambda: f"look into {name}")


def search():
    """Search all boxes."""
    found = [open_box("red").name, open_box("blue").things[0]]
    found.append(open_box("green").look())
    found += open_box("gold").things[open_box("tin").things.index("map"):]
    key = open_box(open_box("old").name + "est").name  # a box in a box
    return found + [key]
