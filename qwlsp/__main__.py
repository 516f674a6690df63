"""`python -m qwlsp`."""

from qwlsp.cli import main

if __name__ == "__main__":
    main()
