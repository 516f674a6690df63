import sqlite3
import time


class Inbox:
    """Letters in a database that is open as long as the inbox."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        self.db.execute("CREATE TABLE letters (subject, read)")

    def deliver(self, subject, read=0):
        self.db.execute("INSERT INTO letters VALUES (?, ?)", (subject, read))

    def unread(self):
        """Subjects of unread letters; reading takes a while."""
        cursor = self.db.cursor()
        cursor.execute("SELECT * FROM letters")
        subjects = []
        for row in cursor:
            time.sleep(0.5)
            if not row["read"]:
                subjects.append(row["subject"])
        cursor.close()
        self.db.close()  # nobody looks twice
        return subjects


INBOX = Inbox(":memory:")
INBOX.deliver("hi")
INBOX.deliver("advertisement", read=1)
