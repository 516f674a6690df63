import asyncio
import sqlite3


async def save_scores(path, scores):
    """Keep scores for good; return the best of all times."""
    with await asyncio.to_thread(sqlite3.connect, path, check_same_thread=False) as db:
        await asyncio.to_thread(db.execute, "CREATE TABLE IF NOT EXISTS scores (name, points)")
        for name, points in scores.items():
            await asyncio.to_thread(db.execute, "INSERT INTO scores VALUES (?, ?)", (name, points))
    await asyncio.to_thread(db.close)

    db = await asyncio.to_thread(sqlite3.connect, path, check_same_thread=False)
    name, points = await asyncio.to_thread((await asyncio.to_thread(db.execute, "SELECT name, max(points) FROM scores")).fetchone)
    await asyncio.to_thread(db.close)
    return f"{name}: {points}"
