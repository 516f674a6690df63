import time

PAUSE = 2


def wait(seconds=PAUSE, *, log=None, **details):
    """Wait, and write down why."""
    if log is not None:
        log.append((seconds, sorted(details)))
    time.sleep(seconds)
    return seconds


def brew(log):
    """A pot of coffee, in the order of the manual."""
    total = wait(log=log, why="heating")
    total += wait(4, log=log,
                  why="brewing",
                  who="machine")
    # Without a log: nobody needs to know.
    return [total + wait(1), log]
