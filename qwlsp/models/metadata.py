"""Reads what stands before the weights of a GGUF file, and nothing else.

The walk is our own: gguf's reader makes several arrays for each token, which takes seven seconds
and half a gigabyte for Qwen2's vocabulary, and believes every length, so that a hostile file can
keep it busy for hours. Here, nothing is read or counted beyond what the file holds. Types and
their sizes are the package's.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

from gguf.constants import (
    GGML_QUANT_SIZES,
    GGUF_DEFAULT_ALIGNMENT,
    GGUF_VERSION,
    GGMLQuantizationType,
    GGUFValueType,
)

MAGIC = b"GGUF"
OLDEST_VERSION = 2
MAX_KEYS = 10_000
MAX_TENSORS = 100_000
MAX_STRINGS = 1 << 21
"""In one array; large vocabularies have 262,144 tokens and as many merges."""
MAX_METADATA = 256 << 20
"""Bytes before the weights; Qwen2's vocabulary takes 6 MB."""
MAX_NAME = 63
"""Bytes of a tensor's name, as in llama.cpp."""
MAX_DIMENSIONS = 4
MAX_KEPT = 4096
"""Numbers of an array that are kept: those of layers, but not those of tokens."""
CHUNK = 1 << 20

TOKENS = "tokenizer.ggml.tokens"
"""The one list of strings whose texts are kept."""

_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")
_NUMBERS = {
    GGUFValueType.UINT8: "B",
    GGUFValueType.INT8: "b",
    GGUFValueType.UINT16: "H",
    GGUFValueType.INT16: "h",
    GGUFValueType.UINT32: "I",
    GGUFValueType.INT32: "i",
    GGUFValueType.FLOAT32: "f",
    GGUFValueType.BOOL: "?",
    GGUFValueType.UINT64: "Q",
    GGUFValueType.INT64: "q",
    GGUFValueType.FLOAT64: "d",
}
"""The letter of each type in the struct module."""


class Damaged(ValueError):
    """The file is not what it should be; the message completes "... can't be used: "."""


@dataclass(frozen=True)
class Array:
    """A list. `items` has its numbers, or the bytes of its texts, as far as they are kept."""

    kind: GGUFValueType
    length: int
    items: tuple[int | float | bool, ...] | list[bytes] | None


Value = int | float | bool | str | Array


@dataclass(frozen=True)
class Tensor:
    """One matrix or vector of weights. `shape` has the fastest changing dimension first."""

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    size_bytes: int


@dataclass(frozen=True)
class Metadata:
    """What a GGUF file says about itself."""

    values: dict[str, Value]
    tensors: dict[str, Tensor]
    size_bytes: int
    """Of the whole file."""


def read_metadata(path: Path) -> Metadata:
    """The metadata of the file at `path`. Raises Damaged, and OSError where it can't be read."""
    if path.is_fifo():  # to open it would wait for its other end
        raise Damaged("it is a pipe, not a file")
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = _Head(file, size)
        tensor_count, key_count = _header(head)
        values: dict[str, Value] = {}
        for _ in range(key_count):
            key = head.text(what="a key")
            if key in values:
                raise Damaged(f"{_shown(key)} is there twice")
            values[key] = _value(head, key)
        tensors = {}
        expected = 0
        alignment = _alignment(values)
        for _ in range(tensor_count):
            tensor, offset = _tensor(head)
            if tensor.name in tensors:
                raise Damaged(f"the tensor {_shown(tensor.name)} is there twice")
            if offset != expected:
                raise Damaged(f"the tensor {_shown(tensor.name)} is not where it should be")
            tensors[tensor.name] = tensor
            end = offset + tensor.size_bytes
            expected = _padded(end, alignment)
        if tensors and _padded(head.at, alignment) + end > size:
            raise Damaged("it is cut off, or its sizes are wrong")
        return Metadata(values, tensors, size)


class _Head:
    """The beginning of a file, read as far as it is asked for."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._data = bytearray()
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes from here to the end of the file."""
        return self._size - self.at

    def unpack(self, form: struct.Struct) -> int:
        """The next number."""
        begin, end = self.at, self.at + form.size
        self._need(end)
        self.at = end
        (number,) = form.unpack_from(self._data, begin)
        return int(number)

    def numbers(self, letter: str, count: int) -> tuple[int | float | bool, ...]:
        """The next `count` numbers."""
        form = struct.Struct(f"<{count}{letter}")
        begin = self._pass(form.size)
        return form.unpack_from(self._data, begin)

    def skip(self, count: int) -> None:
        """Go on behind the next `count` bytes."""
        self._pass(count)

    def text(self, *, what: str) -> str:
        """The next string."""
        length = self.unpack(_U64)
        begin = self._pass(length)
        try:
            return self._data[begin : begin + length].decode()
        except UnicodeDecodeError:
            raise Damaged(f"{what} is no text") from None

    def strings(self, count: int) -> list[bytes]:
        """The next `count` strings."""
        # Called for 300,000 strings of each model: every name that is looked up here counts.
        data, length_at, at, end = self._data, _U64.unpack_from, self.at, len(self._data)
        found = []
        for _ in range(count):
            begin = at + 8
            if begin > end:
                end = self._need(begin)
            (length,) = length_at(data, at)
            at = begin + length
            if at > end:
                end = self._need(at)
            found.append(bytes(data[begin:at]))
        self.at = at
        return found

    def skip_strings(self, count: int) -> None:
        """Go on behind the next `count` strings."""
        data, length_at, at, end = self._data, _U64.unpack_from, self.at, len(self._data)
        for _ in range(count):
            if at + 8 > end:
                end = self._need(at + 8)
            (length,) = length_at(data, at)
            at += 8 + length
            if at > end:
                end = self._need(at)
        self.at = at

    def _pass(self, count: int) -> int:
        """Have the next `count` bytes, and go on behind them; where they begin."""
        begin = self.at
        self._need(begin + count)
        self.at += count
        return begin

    def _need(self, end: int) -> int:
        """Have the bytes up to `end`, or more; how many there are."""
        have = len(self._data)
        if end > have:
            if end > self._size:
                raise Damaged("it is cut off, or its lengths are wrong")
            if end > MAX_METADATA:
                raise Damaged("what stands before its weights is too long")
            self._data += self._file.read(max(end - have, CHUNK))
            if end > len(self._data):  # it became shorter meanwhile
                raise Damaged("it is cut off, or its lengths are wrong")
        return len(self._data)


def _header(head: _Head) -> tuple[int, int]:
    """How many tensors and keys there are."""
    if head.left < len(MAGIC) or head.unpack(_U32) != int.from_bytes(MAGIC, "little"):
        raise Damaged("it is no GGUF file")
    version = head.unpack(_U32)
    if version and version & 0xFFFF == 0:
        raise Damaged("it is made for processors with another order of bytes")
    if not OLDEST_VERSION <= version <= GGUF_VERSION:
        raise Damaged(f"its format has version {version}, which is not known")
    tensors, keys = head.unpack(_U64), head.unpack(_U64)
    if tensors > MAX_TENSORS:
        raise Damaged(f"it claims to have {tensors} tensors")
    if keys > MAX_KEYS:
        raise Damaged(f"it claims to have {keys} keys")
    return tensors, keys


def _value(head: _Head, key: str) -> Value:
    kind = _kind(head.unpack(_U32), key)
    if kind is GGUFValueType.ARRAY:
        return _array(head, key)
    if kind is GGUFValueType.STRING:
        return head.text(what=_shown(key))
    return head.numbers(_NUMBERS[kind], 1)[0]


def _array(head: _Head, key: str) -> Array:
    kind = _kind(head.unpack(_U32), key)
    length = head.unpack(_U64)
    if kind is GGUFValueType.ARRAY:
        raise Damaged(f"{_shown(key)} is a list of lists")
    if kind is GGUFValueType.STRING:
        if length > min(MAX_STRINGS, head.left // _U64.size):
            raise Damaged(f"{_shown(key)} claims to have {length} texts")
        if key == TOKENS:
            return Array(kind, length, head.strings(length))
        head.skip_strings(length)
        return Array(kind, length, None)
    size = struct.calcsize(f"<{_NUMBERS[kind]}")
    if length > head.left // size:
        raise Damaged(f"{_shown(key)} claims to have {length} numbers")
    if length <= MAX_KEPT:
        return Array(kind, length, head.numbers(_NUMBERS[kind], length))
    head.skip(size * length)
    return Array(kind, length, None)


def _kind(number: int, key: str) -> GGUFValueType:
    try:
        return GGUFValueType(number)
    except ValueError:
        raise Damaged(f"{_shown(key)} is of the unknown type {number}") from None


def _alignment(values: dict[str, Value]) -> int:
    alignment = values.get("general.alignment", GGUF_DEFAULT_ALIGNMENT)
    is_power = isinstance(alignment, int) and alignment > 0 and alignment & (alignment - 1) == 0
    if not is_power or isinstance(alignment, bool):
        raise Damaged("its alignment is no power of two")
    return int(alignment)  # type: ignore[arg-type]


def _tensor(head: _Head) -> tuple[Tensor, int]:
    """The next tensor, and where its weights begin, counted from the first one's."""
    name = head.text(what="the name of a tensor")
    if not 0 < len(name.encode()) <= MAX_NAME:
        raise Damaged("the name of a tensor is too long, or empty")
    dimensions = head.unpack(_U32)
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise Damaged(f"the tensor {_shown(name)} has {dimensions} dimensions")
    shape = tuple(head.unpack(_U64) for _ in range(dimensions))
    number = head.unpack(_U32)
    try:
        kind = GGMLQuantizationType(number)
        block, block_bytes = GGML_QUANT_SIZES[kind]
    except (ValueError, KeyError):
        raise Damaged(f"the tensor {_shown(name)} is of the unknown type {number}") from None
    if 0 in shape or shape[0] % block:
        raise Damaged(f"the tensor {_shown(name)} has rows of {shape[0]} numbers")
    return Tensor(name, shape, kind, prod(shape) // block * block_bytes), head.unpack(_U64)


def _padded(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def _shown(name: str) -> str:
    """A name from the file, fit for a sentence."""
    return ascii(name[:60])[1:-1]
