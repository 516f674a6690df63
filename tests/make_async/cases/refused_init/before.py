from pathlib import Path


class Config:
    """Settings from a file."""

    def __init__(self, path: Path):
        self.lines = path.read_text().splitlines()

    def get(self, number, default=""):
        return self.lines[number] if number < len(self.lines) else default
