"""Say the time a few times, like an old radio clock."""

import asyncio
import sys


async def say(count: int) -> int:
    """Say so many times that time goes by."""
    for number in range(1, count + 1):
        print("beep", number)
        await asyncio.sleep(1)
    return 0


async def main() -> int:
    print("radio clock")
    return await say(2)


if __name__ == "__main__":
    status = asyncio.run(main())
    if status:
        sys.exit(status)
