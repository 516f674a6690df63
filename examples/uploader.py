"""Sends the files of a folder to a server, one after another, and tries again when it is busy."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PATIENCE = 5
BUSY = 503


def read(file: Path) -> bytes:
    """The file, or what stands for one that is empty."""
    if not file.exists():
        raise SystemExit(f"{file} is gone")
    return file.read_bytes() or b"\n"


def send(file: Path, address: str) -> int:
    """Send one file; returns the status that the server answered with."""
    request = Request(f"{address}/{file.name}", data=read(file), method="PUT")
    for attempt in range(PATIENCE):
        try:
            with urlopen(request) as answer:
                return answer.status
        except HTTPError as error:
            if error.code != BUSY:
                raise
            time.sleep(2**attempt)  # 1, 2, 4 … seconds
    return BUSY


def main() -> None:
    folder, address = sys.argv[1:]
    for file in sorted(Path(folder).iterdir()):
        print(file, send(file, address))


if __name__ == "__main__":
    main()
