import time


def draw(deck):
    """Draw a card."""
    time.sleep(0.2)
    return deck.pop()


def play(deck):
    """Play some cards; returns what lies on the table."""
    first = second = draw(deck)
    table = [first, second]
    table[draw(deck)] = "joker"
    while (card := draw(deck)) > 3:
        table += [card]
    low, *others = draw(deck), *draw(deck)
    table.extend([*draw(deck), low, *others, card])
    del table[draw(deck)]
    assert draw(deck), "the deck is bad"
    return table
