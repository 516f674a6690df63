# kind: jump_in_finally
GOAL = 100


def play_turn(scores, player, points):
    """Add a throw to a player's score; return the winner's name, or None if play goes on.

    An unknown player is a KeyError. The turn counter rises in any case.
    """
    try:
        scores[player] += points
        if scores[player] >= GOAL:
            return player
        if scores[player] < 0:
            scores[player] = 0
    finally:
        scores["turns"] = scores.get("turns", 0) + 1
    return None
