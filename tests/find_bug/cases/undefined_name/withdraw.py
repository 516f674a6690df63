# kind: undefined_name
class OverdrawnError(Exception):
    """More was asked for than there is."""


class Account:
    """A bank account; amounts are in cents."""

    def __init__(self, owner, balance=0, limit=0):
        self.owner = owner
        self.balance = balance
        self.limit = limit

    def withdraw(self, amount):
        """Take `amount` out and return what is left.

        Raises OverdrawnError if the limit would be passed.
        """
        if amount <= 0:
            raise ValueError("only a positive amount can be withdrawn")
        if amount > self.balance + self.limit:
            raise OverdrawnError(f"{self.owner} has only {balance} cents")
        self.balance -= amount
        return self.balance
