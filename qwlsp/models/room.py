"""Whether a model fits into a machine: sums of bytes."""

from __future__ import annotations

OVERHEAD = 300 << 20
"""Bytes of both processes besides weights and context."""
OTHERS = 1536 << 20
"""Bytes left for the system, an editor and a browser."""


def needed_memory(weights: int, kv_bytes_per_token: int, context: int) -> int:
    """Bytes that a model takes with a full context of so many tokens."""
    return weights + kv_bytes_per_token * context + OVERHEAD


def fits(needed: int, memory: int) -> bool:
    """Whether a machine with so much memory has that much to spare."""
    return needed + OTHERS <= memory
