# kind: undefined_name
from decimal import ROUND_HALF_UP, Decimal

VAT = Decimal("0.19")
CENT = Decimal("0.01")


def invoice_total(lines, shipping=0):
    """Return the gross total of (article, quantity, net price) lines.

    Shipping is free from a subtotal of 50 on.
    """
    subtotal = Decimal(0)
    for _article, quantity, price in lines:
        subtotal += quantity * Decimal(price)
    if subtotal < 50:
        subtotal = subtotl + Decimal(shipping)
    return (subtotal * (1 + VAT)).quantize(CENT, rounding=ROUND_HALF_UP)
