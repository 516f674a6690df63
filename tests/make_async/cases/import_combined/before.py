import os, time
import typing as t

import json


def checkpoint(data: t.Mapping[str, int], delay: float = 0.5) -> str:
    """Wait until it is quiet, and save the data."""
    time.sleep(delay)
    name = os.path.join("saves", "game.json")
    with open(name, "w") as file:
        file.write(json.dumps(data))
    return name
