# kind: mutable_default
from collections import defaultdict
from pathlib import PurePosixPath


def normal_extension(name):
    """Return the extension of a file name in lower case, without its dot."""
    return PurePosixPath(name).suffix.lstrip(".").lower()


def group_by_extension(names, *, groups=defaultdict(list)):
    """Sort file names into lists by their extension; hidden files are left out."""
    for name in names:
        if name.startswith("."):
            continue
        groups[normal_extension(name)].append(name)
    return groups
