"""What was read, kept on disk: an editor that comes back finds its files already read.

One file for each sequence: a header, its tokens, and llama.cpp's state. A folder belongs to one
model loaded in one way; nothing in it is valid for another. Files are whole or absent, damaged
ones are removed, and the oldest go when the folder grows too large.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from qwlsp.engine.prefix import Tokens, common_length

HEADER = struct.Struct("<8sIQI")
"""Magic, number of tokens, bytes of state, CRC-32 of tokens and state."""
MAGIC = b"qwlspst1"
SUFFIX = ".state"


class Archive:
    """The states in one folder, at most `max_bytes` of them."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._tokens: dict[Path, Tokens] | None = None

    def find(self, prompt: Tokens) -> tuple[Path | None, int]:
        """The file that begins like `prompt` for longest, and how many tokens that is."""
        best: tuple[Path | None, int] = None, 0
        for path, tokens in self._known().items():
            length = common_length(tokens, prompt)
            if length > best[1]:
                best = path, length
        return best

    def load(self, path: Path) -> tuple[Tokens, bytes] | None:
        """The tokens and the state in a file; None, and the file is gone, if it is damaged."""
        try:
            data = path.read_bytes()
            magic, count, size, checksum = HEADER.unpack_from(data)
            body = memoryview(data)[HEADER.size :]
            if magic != MAGIC or len(body) != 4 * count + size or zlib.crc32(body) != checksum:
                raise ValueError("damaged")
            os.utime(path)  # its age counts from its last use
        except (OSError, ValueError, struct.error):
            self._remove(path)
            return None
        tokens = np.frombuffer(body[: 4 * count], np.int32).copy()
        return tokens, bytes(body[4 * count :])

    def save(self, tokens: Tokens, state: bytes) -> None:
        """Keep a state. A folder that can't be written is done without."""
        body = tokens.astype("<i4").tobytes() + state
        header = HEADER.pack(MAGIC, len(tokens), len(state), zlib.crc32(body))
        name = hashlib.sha256(body[: 4 * len(tokens)]).hexdigest()[:32]
        path = self._folder / (name + SUFFIX)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        known = self._known()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with temporary.open("wb") as file:
                file.write(header)
                file.write(body)
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            return
        known[path] = tokens.copy()
        self._shrink()

    def _known(self) -> dict[Path, Tokens]:
        """The tokens of each file; read once, as only this process writes here."""
        if self._tokens is None:
            self._tokens = {}
            for path in self._folder.glob(f"*{SUFFIX}"):
                tokens = _read_tokens(path)
                if tokens is None:
                    self._remove(path)
                else:
                    self._tokens[path] = tokens
        return self._tokens

    def _shrink(self) -> None:
        ages = []
        for path in self._folder.parent.glob(f"*/*{SUFFIX}"):  # of other models too
            with suppress(OSError):
                stat = path.stat()
                ages.append((stat.st_mtime_ns, stat.st_size, path))
        total = sum(size for _, size, _ in ages)
        for _, size, path in sorted(ages):
            if total <= self._max_bytes:
                break
            self._remove(path)
            total -= size

    def _remove(self, path: Path) -> None:
        if self._tokens is not None:
            self._tokens.pop(path, None)
        with suppress(OSError):
            path.unlink()


def _read_tokens(path: Path) -> Tokens | None:
    """A file's tokens, None if they can't be read."""
    try:
        with path.open("rb") as file:
            magic, count, size, _ = HEADER.unpack(file.read(HEADER.size))
            if magic != MAGIC or path.stat().st_size != HEADER.size + 4 * count + size:
                return None
            return np.frombuffer(file.read(4 * count), "<i4").astype(np.int32)
    except (OSError, struct.error):
        return None
