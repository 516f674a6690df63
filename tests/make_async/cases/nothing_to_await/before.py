def change(amount, coins=(50, 20, 10, 5)):
    """Change for an amount, in few coins."""
    given = []
    for coin in coins:
        while amount >= coin:
            given.append(coin)
            amount -= coin

    # What is left can't be paid in coins.
    return given, amount
