import time


def knead(dough, minutes=10):
    time.sleep(minutes * 60)
    return f"kneaded {dough}"


def make_bread(flour):
    """Bread from flour."""
    dough = f"{flour} dough"
    return knead(dough), "baked"


def make_buns(flour):
    """Buns are small breads."""
    bread, how = make_bread(flour)
    return [f"{how} bun of {bread}" for _ in range(2)]
