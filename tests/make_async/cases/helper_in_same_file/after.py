import asyncio

SPEED = 0.5


async def move(robot, steps):
    """Move, and wait until the wheels have turned."""
    robot["at"] += steps
    await asyncio.sleep(abs(steps) * SPEED)


def turn(robot):
    robot["way"] *= -1  # does not wait for anything


async def patrol(robot):
    """There and back again."""
    await move(robot, 3)
    turn(robot)
    await move(robot, 3 * robot["way"])

    return robot["at"]
