# kind: off_by_one
def parse_version(text):
    """Return a version such as "1.12.0" as a tuple of numbers."""
    return tuple(int(part) for part in text.split("."))


def find_version(releases, wanted):
    """Return the index of `wanted` in ascending releases, -1 if it is not there.

    Binary search; both bounds belong to the part still to be searched.
    """
    low = 0
    high = len(releases)
    while low <= high:
        middle = (low + high) // 2
        if releases[middle] == wanted:
            return middle
        if releases[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1
