# kind: undefined_name
MAX_KILOGRAMS = 31.5


def shipping_label(city, kilograms, express=False):
    """Return the text of a parcel's label: service, weight and city.

    Letters go up to 1 kg, parcels up to 5 kg, everything heavier is freight.
    """
    if not 0 < kilograms <= MAX_KILOGRAMS:
        raise ValueError(f"cannot ship {kilograms} kg")
    if kilograms <= 1:
        service = "letter"
    elif kilograms <= 5:
        service = "parcel"
    else:
        service = "freight"
    if express:
        city = f"{city.upper()} !"
    return f"{service:<8}{kilograms:6.1f} kg  {city}"
