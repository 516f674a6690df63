# kind: undefined_name
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0


def great_circle(start, end):
    """Return the distance in km between two (latitude, longitude) places in degrees.

    Haversine formula; the earth is taken for a sphere.
    """
    lat1, lon1 = map(radians, start)
    lat2, lon2 = map(radians, end)
    half_lat = sin((lat2 - lat1) / 2)
    half_lon = sin((lon2 - lon1) / 2)
    chord = half_lat**2 + cos(lat1) * cos(lat2) * half_lon**2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))
