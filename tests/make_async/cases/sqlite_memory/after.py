import asyncio
import sqlite3


async def best_customers(sales, limit=2):
    """Who bought most."""
    db = await asyncio.to_thread(sqlite3.connect, ":memory:", check_same_thread=False)
    await asyncio.to_thread(db.execute, "CREATE TABLE sales (name TEXT, amount INT)")
    await asyncio.to_thread(db.executemany, "INSERT INTO sales VALUES (?, ?)", sales)

    rows = await asyncio.to_thread((await asyncio.to_thread(db.execute,
        """
        SELECT name, sum(amount) FROM sales
        GROUP BY name ORDER BY sum(amount) DESC LIMIT ?
        """,
        (limit,),
    )).fetchall)
    await asyncio.to_thread(db.close)
    return rows
