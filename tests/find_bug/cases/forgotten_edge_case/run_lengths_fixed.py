# kind: forgotten_edge_case
def run_lengths(text):
    """Return the runs of equal characters as (character, length), in order.

    run_lengths("aab") is [("a", 2), ("b", 1)]; an empty text has no runs.
    """
    runs = []
    current, length = None, 0
    for character in text:
        if character == current:
            length += 1
            continue
        if length:
            runs.append((current, length))
        current, length = character, 1
    if length:
        runs.append((current, length))
    return runs


def compress(text):
    """Return a text with its runs written as "3a"; single characters stay as they are."""
    return "".join(f"{length}{char}" if length > 1 else char for char, length in run_lengths(text))
