from pathlib import Path

COUNTER = Path("counter.txt")


def count_visit() -> int:
    """One visit more; returns how many there were."""
    visits = int(COUNTER.read_text()) if COUNTER.exists() else 0
    visits += 1
    COUNTER.write_text(f"{visits}\n")
    return visits


def count_three():
    # Three visitors at once.
    return [count_visit() for _ in range(3)]
