import asyncio
import json
from pathlib import Path


class Journal:
    """Entries that are written when the journal is closed."""

    opened = 0

    def __init__(self, path: str):
        self.path = Path(path)
        self.entries = []
        Journal.opened += 1

    def add(self, entry):
        self.entries.append(entry)

    async def aclose(self):
        """Write all entries; does nothing the second time."""
        if self.entries:
            await asyncio.to_thread(self.path.write_text, json.dumps(self.entries))
            self.entries = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.aclose()
