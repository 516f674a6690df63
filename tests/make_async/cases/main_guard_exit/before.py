#!/usr/bin/env python3
# Warm up the machine before the guests come.
import sys
import time


def main(arguments):
    for degrees in range(20, 80, 30):
        time.sleep(3)
        print(f"{degrees} degrees")
    return len(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(["-v", "now"]))
    finally:
        print("bye")
