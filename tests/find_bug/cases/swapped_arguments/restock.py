# kind: swapped_arguments
def move(source, target, article, quantity):
    """Move up to `quantity` pieces between two stocks; return how many there were."""
    moved = min(quantity, source.get(article, 0))
    if moved:
        source[article] -= moved
        target[article] = target.get(article, 0) + moved
    return moved


def restock(storage, shop, wanted):
    """Fill the shop from the storage up to the wanted quantities.

    Stocks are pieces by article. Returns the articles of which there were too few.
    """
    short = []
    for article, quantity in wanted.items():
        gap = quantity - shop.get(article, 0)
        if gap <= 0:
            continue
        if move(shop, storage, article, gap) < gap:
            short.append(article)
    return short
