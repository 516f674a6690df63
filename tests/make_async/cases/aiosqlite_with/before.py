import sqlite3


def save_scores(path, scores):
    """Keep scores for good; return the best of all times."""
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE IF NOT EXISTS scores (name, points)")
        for name, points in scores.items():
            db.execute("INSERT INTO scores VALUES (?, ?)", (name, points))
    db.close()

    db = sqlite3.connect(path)
    name, points = db.execute("SELECT name, max(points) FROM scores").fetchone()
    db.close()
    return f"{name}: {points}"
