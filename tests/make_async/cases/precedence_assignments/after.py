import asyncio


async def draw(deck):
    """Draw a card."""
    await asyncio.sleep(0.2)
    return deck.pop()


async def play(deck):
    """Play some cards; returns what lies on the table."""
    first = second = await draw(deck)
    table = [first, second]
    table[await draw(deck)] = "joker"
    while (card := await draw(deck)) > 3:
        table += [card]
    low, *others = await draw(deck), *await draw(deck)
    table.extend([*await draw(deck), low, *others, card])
    del table[await draw(deck)]
    assert await draw(deck), "the deck is bad"
    return table
