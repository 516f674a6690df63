# kind: missing_return
from math import ceil

ZONES = {"DE": 0, "AT": 1, "FR": 1, "US": 3, "JP": 4}
BASE = 499


def parcel_rate(kilograms, country):
    """Return the price of a parcel in cents; a KeyError names an unknown country.

    At home a started kilogram costs 50, abroad 120 and each zone 300 on top.
    """
    zone = ZONES[country]
    started = ceil(kilograms)
    rate = BASE
    if zone == 0:
        rate += 50 * started
        return rate
    rate += 120 * started + 300 * zone
