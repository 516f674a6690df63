"""Shopping lists, one thing a line."""


def to_buy(path):
    """What is still to be bought."""
    missing = []
    with open(path, encoding="utf-8") as shopping:
        for line in shopping:
            thing = line.strip()

            # Bought things have an x in front.
            if thing and not thing.startswith("x "):
                missing.append(thing)
    return missing
