# kind: wrong_variable
class ImageError(ValueError):
    """The picture cannot be scaled."""


def fit_image(width, height, limit):
    """Return the size at which a picture fits into a square of `limit` pixels.

    The ratio of the sides stays; a picture that fits already keeps its size.
    """
    if width < 1 or height < 1:
        raise ImageError(f"no such picture: {width}x{height}")
    longest = max(width, height)
    if longest <= limit:
        return width, height
    scale = limit / longest
    new_width = max(1, round(width * scale))
    new_height = max(1, round(width * scale))
    return new_width, new_height
