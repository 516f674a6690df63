import sqlite3


def best_customers(sales, limit=2):
    """Who bought most."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE sales (name TEXT, amount INT)")
    db.executemany("INSERT INTO sales VALUES (?, ?)", sales)

    rows = db.execute(
        """
        SELECT name, sum(amount) FROM sales
        GROUP BY name ORDER BY sum(amount) DESC LIMIT ?
        """,
        (limit,),
    ).fetchall()
    db.close()
    return rows
