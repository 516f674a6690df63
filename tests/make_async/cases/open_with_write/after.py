import asyncio
import datetime


async def write_diary(day: datetime.date, *entries: str) -> int:
    """Write one day of the diary; return how many characters it has."""
    written = 0
    with await asyncio.to_thread(open, f"{day:%Y-%m-%d}.txt", "w", encoding="utf-8") as diary:
        written += await asyncio.to_thread(diary.write, f"# {day:%d.%m.}\n\n")
        for entry in entries:
            # One line each.
            written += await asyncio.to_thread(diary.write, f"- {entry}\n")
        await asyncio.to_thread(diary.write, "— end —\n")

    return written
