import time

SPEED = 0.5


def move(robot, steps):
    """Move, and wait until the wheels have turned."""
    robot["at"] += steps
    time.sleep(abs(steps) * SPEED)


def turn(robot):
    robot["way"] *= -1  # does not wait for anything


def patrol(robot):
    """There and back again."""
    move(robot, 3)
    turn(robot)
    move(robot, 3 * robot["way"])

    return robot["at"]
