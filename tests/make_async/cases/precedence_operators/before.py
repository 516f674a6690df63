import time


def measure(what):
    """Measure something; takes a second."""
    time.sleep(1)
    return {"depth": 3, "width": 4, "holes": 0}[what]


def survey():
    """All that is to be known about the ditch."""
    below = -measure("depth")
    diagonal = (measure("depth") ** 2 + measure("width") ** 2) ** 0.5
    sound = not measure("holes")
    deep = measure("depth") if not measure("holes") else 0
    between = 2 < measure("depth") <= measure("width")
    return below, diagonal, sound, deep, between, 2 ** -measure("depth")
