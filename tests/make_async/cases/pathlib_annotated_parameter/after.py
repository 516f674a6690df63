from __future__ import annotations

import asyncio
import pathlib


async def backup(source: pathlib.Path, folder: pathlib.Path | None = None) -> str:
    """Copy a file into the folder of backups, and name the copy."""
    folder = folder or source.parent / "backups"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)

    copy = folder / f"{source.name}.bak"
    await asyncio.to_thread(copy.write_bytes, await asyncio.to_thread(source.read_bytes))
    return copy.as_posix()  # does not touch the disk
