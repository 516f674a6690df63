# kind: forgotten_edge_case
from datetime import date


def next_birthday(born: date, today: date):
    """Return the date of a person's next birthday; today counts as next.

    In years without a 29 February those born on it celebrate on 1 March.
    """
    if today < born:
        raise ValueError("not born yet")
    birthday = born.replace(year=today.year)
    if birthday < today:
        birthday = born.replace(year=today.year + 1)
    return birthday


def days_until_birthday(born, today):
    """Return how many days are left until the next birthday."""
    return (next_birthday(born, today) - today).days
