# kind: wrong_operator
def total_price(offer):
    """Return what an offer costs with its shipping."""
    return offer["price"] + offer.get("shipping", 0)


def cheapest_offer(offers, in_stock_only=True):
    """Return the shop with the lowest total price, None if there is no offer.

    Of equal offers the first one wins.
    """
    best = None
    for offer in offers:
        if in_stock_only and offer.get("stock", 1) == 0:
            continue
        if best is None or total_price(offer) < total_price(best):
            best = offer
    return best["shop"] if best else None
