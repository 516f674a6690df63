import sqlite3


class Table:
    """A table of a database."""

    def __init__(self, db: sqlite3.Connection, name: str):
        self.db = db
        self.name = name

    def __len__(self):
        (count,) = self.db.execute(f"SELECT count(*) FROM {self.name}").fetchone()
        return count
