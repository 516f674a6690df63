# kind: mutable_default
NIGHT_ISO = 1600


def is_wide_open(exif):
    """Tell whether a photo was taken with a large aperture."""
    return exif.get("f", 22) <= 2.8


def tag_photo(exif, tags=None):
    """Return the tags of a photo: those given, and those that its settings suggest."""
    if tags is None:
        tags = []
    if exif.get("iso", 0) >= NIGHT_ISO:
        tags.append("night")
    if is_wide_open(exif):
        tags.append("shallow focus")
    if exif.get("gps"):
        tags.append("located")
    return tags
