"""Settings of the bakery."""

import json


def load_settings(path="bakery.json"):
    """The settings, with defaults for what is not set."""
    settings = {"oven": 220, "name": "Bakery"}

    with open(path) as file:
        settings.update(json.load(file))  # the file wins

    return settings
