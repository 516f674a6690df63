import asyncio
import sqlite3

PATH = "guests.db"


async def add_guest(name: str) -> int:
    """Write a name into the guest book; return how many there are."""
    db = await asyncio.to_thread(sqlite3.connect, PATH, check_same_thread=False)
    try:
        with db:  # commits, or takes everything back
            await asyncio.to_thread(db.execute, "CREATE TABLE IF NOT EXISTS guests (name TEXT UNIQUE)")
            await asyncio.to_thread(db.execute, "INSERT INTO guests VALUES (?)", [name])
    except sqlite3.IntegrityError:
        return -1
    finally:
        await asyncio.to_thread(db.close)

    with await asyncio.to_thread(sqlite3.connect, PATH, check_same_thread=False) as again:
        (count,) = await asyncio.to_thread((await asyncio.to_thread(again.execute, "SELECT count(*) FROM guests")).fetchone)
    await asyncio.to_thread(again.close)
    return count


async def party():
    return [await add_guest(name) for name in ("ada", "bo", "ada")]
