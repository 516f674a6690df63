# kind: jump_in_finally
import json

DEFAULTS = {"theme": "light", "tab_width": 4}


def load_settings(text):
    """Return the settings in a JSON text over the defaults.

    Raises ValueError if the text is no JSON object.
    """
    settings = dict(DEFAULTS)
    try:
        loaded = json.loads(text)
        if not isinstance(loaded, dict):
            raise ValueError("settings must be an object")
        settings.update(loaded)
    finally:
        settings.setdefault("version", 1)
    return settings
