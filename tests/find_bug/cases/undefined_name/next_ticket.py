# kind: undefined_name
import itertools

last_number = 0
counters = {name: itertools.cycle(range(1, 4)) for name in "AB"}


def next_ticket(queue_name):
    """Return the next ticket of the day, such as "A-0007 (counter 2)".

    Numbers run through all queues; the counters of a queue take turns.
    """
    if queue_name not in counters:
        raise KeyError(f"no queue is named {queue_name!r}")
    last_number += 1
    counter = next(counters[queue_name])
    return f"{queue_name}-{last_number:04d} (counter {counter})"
