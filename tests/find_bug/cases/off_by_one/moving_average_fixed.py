# kind: off_by_one
def moving_average(values, size):
    """Return the means of all windows of `size` neighbouring values.

    There are len(values) - size + 1 of them, none if there are too few values.
    """
    if size < 1:
        raise ValueError("a window holds at least one value")
    means = []
    window = sum(values[:size])
    for start in range(len(values) - size + 1):
        means.append(window / size)
        if start + size < len(values):
            window += values[start + size] - values[start]
    return means
