# kind: forgotten_edge_case
from datetime import date


def birthday_in(born: date, year):
    """Return the day on which a birthday is kept in a year."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def next_birthday(born: date, today: date):
    """Return the date of a person's next birthday; today counts as next.

    In years without a 29 February those born on it celebrate on 1 March.
    """
    if today < born:
        raise ValueError("not born yet")
    birthday = birthday_in(born, today.year)
    if birthday < today:
        birthday = birthday_in(born, today.year + 1)
    return birthday


def days_until_birthday(born, today):
    """Return how many days are left until the next birthday."""
    return (next_birthday(born, today) - today).days
