# kind: mutable_default
def overlaps(first, second):
    """Tell whether two (start, end) bookings share any time."""
    return first[0] < second[1] and second[0] < first[1]


def plan_rooms(rooms, requests):
    """Return the accepted bookings of each room, as a dictionary of lists.

    `requests` holds (room, start, end) in order of arrival; one that collides with
    an accepted booking of the same room is dropped.
    """
    bookings = dict.fromkeys(rooms, [])
    for room, start, end in requests:
        wanted = (start, end)
        if any(overlaps(wanted, taken) for taken in bookings[room]):
            continue
        bookings[room].append(wanted)
    for accepted in bookings.values():
        accepted.sort()
    return bookings
