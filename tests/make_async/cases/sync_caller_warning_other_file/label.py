from before import Prices


def label(number):
    """What stands on the shelf."""
    prices = Prices("NOK")
    return f"only {prices.of(number)}!"
