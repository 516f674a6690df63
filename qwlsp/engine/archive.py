"""What was read, kept on disk: an editor that comes back finds its files already read.

One file for each sequence: a header, its tokens, where its stretches start, and llama.cpp's states
of them. A folder belongs to one model loaded in one way; nothing in it is valid for another. Files
are whole or absent, damaged ones are removed, and the oldest go when the folder grows too large.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from contextlib import suppress
from io import BufferedReader
from itertools import pairwise
from pathlib import Path

import numpy as np

from qwlsp.engine.prefix import Stretch, Tokens, common_length

HEADER = struct.Struct("<8sIIQI")
"""Magic, number of tokens, number of stretches, bytes of all states, and CRC-32 of what follows."""
STRETCH = struct.Struct("<IQ")
"""Where a stretch starts, and the bytes of its state."""
MAGIC = b"qwlspst2"
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

    def load(self, path: Path) -> Stretch | None:
        """The sequence in a file; None, and the file is gone, if it is damaged."""
        try:
            with path.open("rb") as file:
                sequence = _read(file)
            os.utime(path)  # its age counts from its last use
        except (OSError, ValueError, struct.error):
            self._remove(path)
            return None
        return sequence

    def save(self, sequence: Stretch) -> None:
        """Keep a sequence. A folder that can't be written is done without."""
        stretches = sequence.path()
        parts: list[bytes | bytearray] = [sequence.tokens.astype("<i4").tobytes()]
        parts += [STRETCH.pack(stretch.start, len(stretch.state)) for stretch in stretches]
        parts += [stretch.state for stretch in stretches]
        checksum = 0
        for part in parts:
            checksum = zlib.crc32(part, checksum)
        size = sum(len(stretch.state) for stretch in stretches)
        header = HEADER.pack(MAGIC, len(sequence.tokens), len(stretches), size, checksum)
        path = self._folder / (hashlib.sha256(parts[0]).hexdigest()[:32] + SUFFIX)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        known = self._known()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with temporary.open("wb") as file:
                file.writelines([header, *parts])
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            return
        known[path] = sequence.tokens.copy()
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


def _read(file: BufferedReader) -> Stretch:
    """The sequence in a file. Raises ValueError and struct.error if it is damaged."""
    count, stretches, size, checksum = _read_header(file)
    tokens_and_table = file.read(4 * count + STRETCH.size * stretches)
    found = zlib.crc32(tokens_and_table)
    tokens = np.frombuffer(tokens_and_table[: 4 * count], "<i4").astype(np.int32)
    table = [*STRETCH.iter_unpack(tokens_and_table[4 * count :])]
    bounds = [*(start for start, _ in table), count]
    rising = all(start < end for start, end in pairwise(bounds))
    if bounds[0] != 0 or not rising or sum(length for _, length in table) != size:
        raise ValueError("damaged")
    sequence: Stretch | None = None
    for (_, length), end in zip(table, bounds[1:], strict=True):
        state = bytearray(length)
        file.readinto(state)
        found = zlib.crc32(state, found)
        sequence = Stretch(tokens[:end], state, sequence)
    if sequence is None or found != checksum:
        raise ValueError("damaged")
    return sequence


def _read_header(file: BufferedReader) -> tuple[int, int, int, int]:
    """How many tokens and stretches there are, bytes of states, and the checksum. Raises
    ValueError and struct.error where the file is not as long as it says."""
    magic, count, stretches, size, checksum = HEADER.unpack(file.read(HEADER.size))
    whole = HEADER.size + 4 * count + STRETCH.size * stretches + size
    if magic != MAGIC or os.fstat(file.fileno()).st_size != whole:
        raise ValueError("damaged")
    return count, stretches, size, checksum


def _read_tokens(path: Path) -> Tokens | None:
    """A file's tokens, None if they can't be read."""
    try:
        with path.open("rb") as file:
            count, *_ = _read_header(file)
            return np.frombuffer(file.read(4 * count), "<i4").astype(np.int32)
    except (OSError, ValueError, struct.error):
        return None
