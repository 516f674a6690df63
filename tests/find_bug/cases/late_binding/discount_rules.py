# kind: late_binding
def discount_rules(tiers):
    """Turn (threshold, percent) tiers into functions from a sum to the reduced sum.

    A sum under its tier's threshold comes back unchanged.
    """
    rules = []
    for threshold, percent in sorted(tiers):
        if not 0 <= percent <= 100:
            raise ValueError(f"no such discount: {percent} %")

        def rule(amount):
            if amount < threshold:
                return amount
            return amount - amount * percent // 100

        rules.append(rule)
    return rules


def best_price(amount, tiers):
    """Return the lowest price any tier gives for `amount`."""
    return min((rule(amount) for rule in discount_rules(tiers)), default=amount)
