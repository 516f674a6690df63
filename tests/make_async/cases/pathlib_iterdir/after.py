import asyncio
from pathlib import Path


async def clean(folder: str, suffix: str = ".tmp") -> list[str]:
    """Remove what was left over; return the names of what stays."""
    kept = []
    for path in await asyncio.to_thread(lambda: list(Path(folder).iterdir())):
        # Folders are nobody's leftovers.
        if path.suffix == suffix and await asyncio.to_thread(path.is_file):
            await asyncio.to_thread(path.unlink)
        else:
            kept.append(path.name)

    return sorted(kept)
