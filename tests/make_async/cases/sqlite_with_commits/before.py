import sqlite3

PATH = "guests.db"


def add_guest(name: str) -> int:
    """Write a name into the guest book; return how many there are."""
    db = sqlite3.connect(PATH)
    try:
        with db:  # commits, or takes everything back
            db.execute("CREATE TABLE IF NOT EXISTS guests (name TEXT UNIQUE)")
            db.execute("INSERT INTO guests VALUES (?)", [name])
    except sqlite3.IntegrityError:
        return -1
    finally:
        db.close()

    with sqlite3.connect(PATH) as again:
        (count,) = again.execute("SELECT count(*) FROM guests").fetchone()
    again.close()
    return count


def party():
    return [add_guest(name) for name in ("ada", "bo", "ada")]
