# kind: wrong_operator
from enum import IntFlag


class Right(IntFlag):
    """What a person may do with a document."""

    READ = 1
    WRITE = 2
    SHARE = 4
    DELETE = 8


def missing_rights(granted, needed):
    """Return the names of the needed rights that were not granted, by value."""
    if not needed:
        return []
    held = granted | needed
    return [right.name for right in Right if right & needed and not right & held]
