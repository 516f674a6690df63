import asyncio


async def weigh(parcel):
    """Weigh a parcel."""
    await asyncio.sleep(len(parcel))
    return len(parcel) * 10


async def load(parcels, limit=100):
    """What a van with these parcels weighs, driver included."""
    weight = sum([await weigh(parcel) for parcel in parcels]) + 70
    heaviest = max([await weigh(parcel) for parcel in parcels], default=0)
    names = ", ".join(sorted(parcels, key=len))
    return weight, heaviest > limit, names
