import asyncio
from pathlib import Path


async def read_recipe(name: str) -> list[str]:
    """The steps of a recipe."""
    text = await asyncio.to_thread(Path(f"{name}.txt").read_text, encoding="utf-8")
    return [line for line in text.splitlines() if line]
