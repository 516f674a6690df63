# kind: wrong_operator
def open_amount(invoice):
    """Return what the customer still owes, in cents; negative if we owe them."""
    refunded = sum(invoice["refunds"])
    return invoice["total"] - refunded - invoice["paid"]


def apply_refund(invoice, amount):
    """Return a copy of the invoice with a refund, and its open amount brought up to date.

    A refund cannot be more than the total that is left.
    """
    left = invoice["total"] - sum(invoice["refunds"])
    if not 0 < amount <= left:
        raise ValueError(f"cannot refund {amount} of {left} cents")
    updated = {**invoice, "refunds": [*invoice["refunds"], amount]}
    updated["open"] = open_amount(updated)
    return updated
