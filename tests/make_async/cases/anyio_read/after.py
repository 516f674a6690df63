import asyncio
from pathlib import Path


async def title(path: Path) -> str:
    """The first heading of a page, or the name of its file."""
    with await asyncio.to_thread(open, path) as page:
        for line in (await asyncio.to_thread(page.read)).split("\n"):
            if line.startswith("# "):
                return line[2:]
    return path.stem


async def titles(folder):
    """Titles of two pages."""
    pages = Path(folder)
    return [await title(pages / "index.md"), await title(pages / "notes.md")]
