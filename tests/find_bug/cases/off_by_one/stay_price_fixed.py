# kind: off_by_one
from datetime import date, timedelta

WEEKEND = (4, 5)  # the nights that begin on Friday and Saturday


def stay_price(arrival: date, departure: date, rate, weekend_rate=None):
    """Return the price of a hotel stay: the sum over its nights.

    A guest who comes on the 1st and leaves on the 3rd pays two nights.
    """
    if departure <= arrival:
        raise ValueError("a stay ends after it began")
    nights = (departure - arrival).days
    price = 0
    for night in range(nights):
        day = arrival + timedelta(days=night)
        special = weekend_rate is not None and day.weekday() in WEEKEND
        price += weekend_rate if special else rate
    return price
