import json
import time


def remember(path, event):
    """Add an event to the journal, as one line of JSON."""
    line = json.dumps(event)
    with open(path, "a") as journal:
        journal.write(line + "\n")
    time.sleep(0.01)  # the journal is shared

    with open(path) as journal:
        return len(journal.read().splitlines())
