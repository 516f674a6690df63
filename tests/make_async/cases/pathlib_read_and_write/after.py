import asyncio
from pathlib import Path

COUNTER = Path("counter.txt")


async def count_visit() -> int:
    """One visit more; returns how many there were."""
    visits = int(await asyncio.to_thread(COUNTER.read_text)) if await asyncio.to_thread(COUNTER.exists) else 0
    visits += 1
    await asyncio.to_thread(COUNTER.write_text, f"{visits}\n")
    return visits


async def count_three():
    # Three visitors at once.
    return [await count_visit() for _ in range(3)]
