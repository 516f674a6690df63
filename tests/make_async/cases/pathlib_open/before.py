import json
from pathlib import Path


class Scores:
    """The best scores of a game."""

    def __init__(self, folder):
        self.path: Path = Path(folder) / "scores.json"

    def best(self, count=2):
        """The best scores, best first."""
        with self.path.open(encoding="utf-8") as file:
            scores = json.loads(file.read())
        # Ties keep their order.
        ranked = sorted(scores.items(), key=lambda pair: -pair[1])
        return ranked[:count]
