# kind: forgotten_edge_case
from calendar import monthrange
from datetime import date


def next_payment(last: date, day):
    """Return the date of the payment in the month after `last`.

    It is due on `day`, or on the last day of a shorter month.
    """
    if not 1 <= day <= 31:
        raise ValueError(f"no month has a day {day}")
    years, month = divmod(last.month, 12)
    year, month = last.year + years, month + 1
    days_in_month = monthrange(year, month)[1]
    return date(year, month, min(day, days_in_month))


def total_due(payments, rate):
    """Return what was to be paid so far, the next payment included."""
    return (len(payments) + 1) * rate
