import asyncio
import subprocess
import sys


async def free_space(folder):
    """Whether the disk of a folder can be asked, and how it went."""
    if await asyncio.to_thread(subprocess.call, ["df", "-h", folder]) or not sys.platform:
        return "unknown"
    return "asked"
