import asyncio
import json
from dataclasses import dataclass


@dataclass
class Song:
    """A song of the jukebox."""

    title: str
    seconds: int = 180

    @classmethod
    async def load(cls, path: str) -> "Song":
        """Read a song from its file."""
        with await asyncio.to_thread(open, path) as file:
            fields = await asyncio.to_thread(json.load, file)
        return cls(**fields)

    @classmethod
    async def longest(cls, *paths: str) -> str:
        songs = [await cls.load(path) for path in paths]

        songs.sort(key=lambda song: song.seconds)
        return songs[-1].title
