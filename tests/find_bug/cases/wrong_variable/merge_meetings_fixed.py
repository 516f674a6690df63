# kind: wrong_variable
def merge_meetings(meetings):
    """Return the busy times of a day: overlapping (start, end) meetings made one.

    Meetings come in any order; those that only touch are merged too.
    """
    busy = []
    for start, end in sorted(meetings):
        if busy and start <= busy[-1][1]:
            first, last = busy[-1]
            busy[-1] = (first, max(last, end))
        else:
            busy.append((start, end))
    return busy


def busy_hours(meetings):
    """Return how many hours of a day have at least one meeting."""
    return sum(end - start for start, end in merge_meetings(meetings))
