import datetime


def write_diary(day: datetime.date, *entries: str) -> int:
    """Write one day of the diary; return how many characters it has."""
    written = 0
    with open(f"{day:%Y-%m-%d}.txt", "w", encoding="utf-8") as diary:
        written += diary.write(f"# {day:%d.%m.}\n\n")
        for entry in entries:
            # One line each.
            written += diary.write(f"- {entry}\n")
        diary.write("— end —\n")

    return written
