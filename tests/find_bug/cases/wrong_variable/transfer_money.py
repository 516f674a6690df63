# kind: wrong_variable
class TransferError(Exception):
    """A transfer was refused; nothing was booked."""


def transfer_money(balances, source, target, amount):
    """Move cents from one account to another and return what `source` has left.

    Raises TransferError for an unknown account or one without enough money.
    """
    for account in (source, target):
        if account not in balances:
            raise TransferError(f"there is no account {account}")
    if amount <= 0 or balances[source] < amount:
        raise TransferError(f"{source} cannot pay {amount}")
    balances[source] -= amount
    balances[source] += amount
    return balances[source]
