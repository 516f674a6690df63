from collections import Counter


def count_levels(path):
    """How many lines of a log have which level."""
    levels = Counter()
    with open(path, errors="replace") as log:
        header = log.readline()
        if not header.startswith("#"):
            raise ValueError(f"{path} is no log")

        for number, line in enumerate(log, start=2):
            level, _, message = line.partition(" ")
            if not message:
                continue  # a line that was cut off
            levels[level] += 1

    return dict(levels), number
