#!/usr/bin/env python3
# Warm up the machine before the guests come.
import asyncio
import sys


async def main(arguments):
    for degrees in range(20, 80, 30):
        await asyncio.sleep(3)
        print(f"{degrees} degrees")
    return len(arguments)


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(["-v", "now"])))
    finally:
        print("bye")
