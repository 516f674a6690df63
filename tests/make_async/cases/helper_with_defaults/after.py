import asyncio

PAUSE = 2


async def wait(seconds=PAUSE, *, log=None, **details):
    """Wait, and write down why."""
    if log is not None:
        log.append((seconds, sorted(details)))
    await asyncio.sleep(seconds)
    return seconds


async def brew(log):
    """A pot of coffee, in the order of the manual."""
    total = await wait(log=log, why="heating")
    total += await wait(4, log=log,
                  why="brewing",
                  who="machine")
    # Without a log: nobody needs to know.
    return [total + await wait(1), log]
