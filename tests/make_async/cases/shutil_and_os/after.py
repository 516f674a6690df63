"""Rotate backups: keep the newest few."""

import asyncio
import os
import shutil


async def rotate(folder, keep=2):
    """Copy the newest backup aside, and remove the oldest ones."""
    backups = sorted(await asyncio.to_thread(os.listdir, folder))
    await asyncio.to_thread(shutil.copy, os.path.join(folder, backups[-1]), "newest.bak")

    for name in backups[:-keep]:
        await asyncio.to_thread(os.remove, os.path.join(folder, name))  # join does not block
    return await asyncio.to_thread(os.listdir, folder) if keep > 1 else None
