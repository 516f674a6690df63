import time


def weigh(parcel):
    """Weigh a parcel."""
    time.sleep(len(parcel))
    return len(parcel) * 10


def load(parcels, limit=100):
    """What a van with these parcels weighs, driver included."""
    weight = sum(weigh(parcel) for parcel in parcels) + 70
    heaviest = max((weigh(parcel) for parcel in parcels), default=0)
    names = ", ".join(sorted(parcels, key=len))
    return weight, heaviest > limit, names
