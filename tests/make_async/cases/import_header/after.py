#!/usr/bin/env python3
# Copyright: nobody. Do what you want.
"""Reads the visitors' book.

Nothing is imported here but a feature of the language.
"""

from __future__ import annotations

import asyncio

# Where the book lies:
BOOK = "visitors.txt"


async def visitors(limit: int | None = None) -> list[str]:
    """The names in the book, the first ones only if there is a limit."""
    with await asyncio.to_thread(open, BOOK) as book:
        names = (await asyncio.to_thread(book.read)).split()
    return names[:limit]
