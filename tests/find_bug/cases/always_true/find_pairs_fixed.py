# kind: always_true
from itertools import combinations

JOKER = "JOKER"


def rank_of(card):
    """Return the rank of a card such as "10H", without its suit."""
    return card if card == JOKER else card[:-1]


def find_pairs(hand):
    """Return the places of cards of equal rank in a hand, as pairs of indexes.

    Jokers pair with nothing.
    """
    pairs = []
    ranks = [rank_of(card) for card in hand]
    for (first, rank), (second, other) in combinations(enumerate(ranks), 2):
        if JOKER in (rank, other):
            continue
        if rank == other:
            pairs.append((first, second))
    return pairs
