"""Download files politely: a few requests a second, and again where a server is busy.

Run `python mirror.py FOLDER URL...`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

TOO_MANY_REQUESTS = 429


class TokenBucket:
    """At most `burst` requests at once, and `rate` a second over time."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self.tokens = float(burst)
        self.updated = time.monotonic()

    def take(self) -> float:
        """Take a token, waiting for one if need be; return the seconds waited."""
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.updated) * self.rate)
        self.updated = now
        wait = 0.0
        if self.tokens < 1:
            wait = (1 - self.tokens) / self.rate
            time.sleep(wait)
        self.tokens -= 1
        return wait


def fetch(url: str, bucket: TokenBucket, attempts: int = 4) -> bytes:
    delay = 0.5
    for attempt in range(1, attempts + 1):
        bucket.take()
        try:
            with urlopen(url, timeout=30) as response:
                content: bytes = response.read()
                return content
        except HTTPError as error:
            busy = error.code == TOO_MANY_REQUESTS or error.code >= 500
            if not busy or attempt == attempts:
                raise
            wanted = error.headers.get("Retry-After", "")
            delay = float(wanted) if wanted.isdigit() else delay
        except URLError:
            if attempt == attempts:
                raise
        time.sleep(delay)
        delay *= 2
    raise ValueError("attempts must be at least 1")


def file_name(url: str) -> str:
    return Path(urlsplit(url).path).name or "index.html"


def mirror(urls: list[str], folder: Path) -> list[str]:
    """Store each address under its last name in `folder`; return those that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    bucket = TokenBucket(rate=2, burst=4)
    failed = []
    for url in urls:
        target = folder / file_name(url)
        if target.exists():
            continue
        try:
            target.write_bytes(fetch(url, bucket))
        except (OSError, ValueError) as error:
            print(f"{url}: {error}", file=sys.stderr)
            failed.append(url)
    return failed


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    return 1 if mirror(sys.argv[2:], Path(sys.argv[1])) else 0


if __name__ == "__main__":
    sys.exit(main())
