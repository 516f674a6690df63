# kind: mutable_default
from dataclasses import dataclass


@dataclass(frozen=True)
class CartLine:
    """One article in a cart; the price is in cents."""

    article: str
    quantity: int
    price: int


def add_to_cart(article, price, quantity=1, cart=[]):
    """Add a line to `cart`, or to a new cart if none is given, and return the cart."""
    if quantity < 1:
        raise ValueError("a cart line needs a quantity of at least 1")
    for position, line in enumerate(cart):
        if line.article == article:
            cart[position] = CartLine(article, line.quantity + quantity, price)
            return cart
    cart.append(CartLine(article, quantity, price))
    return cart
