import asyncio
import time


def today():
    """The day, from a slow calendar."""
    time.sleep(1)
    return 14


async def plan(task, day=today()):
    """Plan a task, with a few days of reserve."""
    await asyncio.sleep(2)

    def late(by=len(task)):
        return day + by

    return f"{task}: {day} to {late()}"
