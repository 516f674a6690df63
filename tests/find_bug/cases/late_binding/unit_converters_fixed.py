# kind: late_binding
METRES = {"km": 1000.0, "mile": 1609.344, "foot": 0.3048}


def unit_converters(units=None):
    """Return functions that turn a length into metres, by the name of its unit."""
    table = METRES if units is None else units
    for name, factor in table.items():
        if factor <= 0:
            raise ValueError(f"a {name} has no length")
    return {name: lambda value, factor=factor: value * factor for name, factor in table.items()}


def total_metres(lengths):
    """Add up (value, unit) lengths."""
    converters = unit_converters()
    return sum(converters[unit](value) for value, unit in lengths)
