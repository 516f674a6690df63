import json
from dataclasses import dataclass


@dataclass
class Song:
    """A song of the jukebox."""

    title: str
    seconds: int = 180

    @classmethod
    def load(cls, path: str) -> "Song":
        """Read a song from its file."""
        with open(path) as file:
            fields = json.load(file)
        return cls(**fields)

    @classmethod
    def longest(cls, *paths: str) -> str:
        songs = [cls.load(path) for path in paths]

        songs.sort(key=lambda song: song.seconds)
        return songs[-1].title
