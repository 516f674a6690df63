# kind: swapped_arguments
MAX_HEALTH = 100


def clamp(value, low, high):
    """Return `value`, moved into the range from `low` to `high`."""
    return max(low, min(value, high))


def health_after(health, changes):
    """Return a player's health after hits (negative) and potions (positive).

    It stays between 0 and MAX_HEALTH after each change; at 0 the player is dead and
    nothing helps any more.
    """
    for change in changes:
        if health == 0:
            break
        health = clamp(health + change, 0, MAX_HEALTH)
    return health
