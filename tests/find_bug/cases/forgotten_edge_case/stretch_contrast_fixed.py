# kind: forgotten_edge_case
def stretch_contrast(pixels):
    """Spread the grey values of a picture over the whole range from 0 to 255.

    Takes and returns rows of values. A picture of one shade, or without pixels, comes
    back unchanged.
    """
    values = [value for row in pixels for value in row]
    if not values:
        return pixels
    darkest, brightest = min(values), max(values)
    if darkest == brightest:
        return pixels
    scale = 255 / (brightest - darkest)
    return [[round((value - darkest) * scale) for value in row] for row in pixels]


def invert(pixels):
    """Return the negative of a picture."""
    return [[255 - value for value in row] for row in pixels]
