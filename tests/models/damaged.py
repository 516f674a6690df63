"""Ways to damage the tiny model. Each is a function of its bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial

Damage = Callable[[bytes], bytes]

HEADER = {"magic": (0, "I"), "version": (4, "I"), "tensors": (8, "Q"), "keys": (16, "Q")}
SIZES = (
    "context_length",
    "embedding_length",
    "block_count",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
)
LISTS = ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges")
UINT32, FLOAT32, STRING, ARRAY = 4, 6, 8, 9
F16, Q4_2, Q8_K, I32, UNKNOWN = 1, 4, 15, 26, 99


def put(content: bytes, at: int, form: str, value: float) -> bytes:
    data = struct.pack(f"<{form}", value)
    return content[:at] + data + content[at + len(data) :]


def after(content: bytes, name: str) -> int:
    """Where that goes on which begins with a key or a tensor's name."""
    written = struct.pack("<Q", len(name)) + name.encode()
    assert content.count(written) == 1, name
    return content.index(written) + len(written)


def header(field: str, value: int, content: bytes) -> bytes:
    at, form = HEADER[field]
    return put(content, at, form, value)


def cut(part: int, content: bytes) -> bytes:
    """All but the end: `part` of 20."""
    return content[: len(content) * part // 20]


def value(key: str, form: str, new: float, content: bytes) -> bytes:
    """Another value for a key, of the same size."""
    return put(content, after(content, key) + 4, form, new)


def kind(key: str, new: int, content: bytes) -> bytes:
    """Another type for a key's value."""
    return put(content, after(content, key), "I", new)


def length_of_list(key: str, more: int, content: bytes) -> bytes:
    at = after(content, key) + 8
    (before,) = struct.unpack_from("<Q", content, at)
    return put(content, at, "Q", before + more)


def type_of_list(key: str, new: int, content: bytes) -> bytes:
    return put(content, after(content, key) + 4, "I", new)


def renamed(old: str, new: str, content: bytes) -> bytes:
    assert len(old) == len(new)
    at = after(content, old) - len(old)
    return content[:at] + new.encode() + content[at + len(old) :]


def text(key: str, new: str, content: bytes) -> bytes:
    """Another text of the same length for a key."""
    at = after(content, key) + 12
    return content[:at] + new.encode() + content[at + len(new) :]


def tensor(name: str, at: int, form: str, new: int, content: bytes) -> bytes:
    """Another number in a tensor's description, `at` bytes behind its name."""
    return put(content, after(content, name) + at, form, new)


def token_twice(content: bytes) -> bytes:
    """Two tokens of one byte become the same."""
    at = after(content, "tokenizer.ggml.tokens") + 16
    one = content.index(struct.pack("<Q", 1) + b"A", at)
    return content[: one + 8] + b"B" + content[one + 9 :]


EMBEDDING, NORM, MATRIX = "token_embd.weight", "output_norm.weight", "blk.1.ffn_up.weight"

DAMAGES: dict[str, Damage] = {
    **{f"magic {n}": partial(header, "magic", n) for n in (0, 0x46554746)},
    **{f"version {n}": partial(header, "version", n) for n in (0, 1, 4, 3 << 24)},
    **{f"{n} tensors": partial(header, "tensors", n) for n in (0, 1, 27, 2**63, 2**64 - 1)},
    **{f"{n} keys": partial(header, "keys", n) for n in (0, 1, 40, 2**40, 2**64 - 1)},
    **{f"cut {n}": partial(cut, n) for n in range(20)},
    **{
        f"{size} {n}": partial(value, f"qwen2.{size}", "I", n)
        for size in SIZES
        for n in (0, 3, 2**31, 2**32 - 1)
        if (size, n) != ("context_length", 3)
    },
    **{f"{size} text": partial(kind, f"qwen2.{size}", STRING) for size in SIZES},
    **{f"{size} renamed": partial(renamed, f"qwen2.{size}", f"qwen9.{size}") for size in SIZES},
    **{
        f"epsilon {n}": partial(value, "qwen2.attention.layer_norm_rms_epsilon", "f", n)
        for n in (float("nan"), -1.0, 0.0)
    },
    **{
        f"rope {n}": partial(value, "qwen2.rope.freq_base", "f", n)
        for n in (float("inf"), 0.0, -1.0)
    },
    "unknown architecture": partial(text, "general.architecture", "qwen9"),
    "no name of an architecture": partial(kind, "general.architecture", UNKNOWN),
    "a key twice": partial(renamed, "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"),
    "alignment 2 and no blocks": partial(renamed, "qwen2.block_count", "general.alignment"),
    **{
        f"alignment {n}": lambda content, n=n: renamed(
            "qwen2.block_count",
            "general.alignment",
            value("qwen2.block_count", "I", n, content),
        )
        for n in (0, 3)
    },
    **{
        f"{key} longer by {n}": partial(length_of_list, key, n)
        for key in LISTS
        for n in (-1, 1, 2**40, 2**62)
    },
    **{f"{key} of lists": partial(type_of_list, key, ARRAY) for key in LISTS},
    **{f"{key} of nothing": partial(type_of_list, key, UNKNOWN) for key in LISTS},
    **{
        f"{name} token {n}": partial(value, f"tokenizer.ggml.{name}_token_id", "I", n)
        for name in ("bos", "eos")
        for n in (437, 2**32 - 1)
    },
    "unknown tokenizer": partial(text, "tokenizer.ggml.model", "bert"),
    "unknown way to split": partial(text, "tokenizer.ggml.pre", "qwen9"),
    "a token twice": token_twice,
    **{f"{n} dimensions": partial(tensor, MATRIX, 0, "I", n) for n in (0, 1, 3, 5, 2**31)},
    **{
        f"first dimension {n}": partial(tensor, MATRIX, 4, "Q", n)
        for n in (0, 1, 2**32, 2**62, 2**63, 2**64 - 1)
    },
    **{f"{name} smaller": partial(tensor, name, 4, "Q", 32) for name in (EMBEDDING, NORM)},
    **{
        f"matrix of type {n}": partial(tensor, MATRIX, 20, "I", n)
        for n in (F16, Q4_2, Q8_K, I32, UNKNOWN, 2**31)
    },
    **{f"norm of type {n}": partial(tensor, NORM, 12, "I", n) for n in (F16, UNKNOWN)},
    **{f"offset {n}": partial(tensor, MATRIX, 24, "Q", n) for n in (0, 1, 2**40, 2**64 - 1)},
    "a tensor twice": partial(renamed, MATRIX, "blk.0.ffn_up.weight"),
    "a tensor of another name": partial(renamed, NORM, "output_worm.weight"),
}
