"""Say the time a few times, like an old radio clock."""

import sys
import time


def say(count: int) -> int:
    """Say so many times that time goes by."""
    for number in range(1, count + 1):
        print("beep", number)
        time.sleep(1)
    return 0


def main() -> int:
    print("radio clock")
    return say(2)


if __name__ == "__main__":
    status = main()
    if status:
        sys.exit(status)
