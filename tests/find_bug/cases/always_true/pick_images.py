# kind: always_true
from pathlib import PurePath


def pick_images(names, limit=100):
    """Return the names of JPEG files, by name, at most `limit` of them.

    Thumbnails are left out.
    """
    images = []
    for name in names:
        path = PurePath(name)
        extension = path.suffix.lower().lstrip(".")
        if path.stem.endswith("_thumb"):
            continue
        if extension == "jpg" or "jpeg":
            images.append(name)
    images.sort(key=str.lower)
    return images[:limit]
