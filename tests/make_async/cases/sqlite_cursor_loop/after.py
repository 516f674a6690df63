import asyncio
import sqlite3


class Inbox:
    """Letters in a database that is open as long as the inbox."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        self.db.execute("CREATE TABLE letters (subject, read)")

    def deliver(self, subject, read=0):
        self.db.execute("INSERT INTO letters VALUES (?, ?)", (subject, read))

    async def unread(self):
        """Subjects of unread letters; reading takes a while."""
        cursor = self.db.cursor()
        await asyncio.to_thread(cursor.execute, "SELECT * FROM letters")
        subjects = []
        for row in await asyncio.to_thread(list, cursor):
            await asyncio.sleep(0.5)
            if not row["read"]:
                subjects.append(row["subject"])
        cursor.close()
        await asyncio.to_thread(self.db.close)  # nobody looks twice
        return subjects


INBOX = Inbox(":memory:")
INBOX.deliver("hi")
INBOX.deliver("advertisement", read=1)
