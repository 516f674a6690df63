import aiohttp


class Watch:
    """Looks after a few servers."""

    def __init__(self, *hosts):
        self.hosts = hosts
        self.troubles = []

    async def look(self):
        """Look at each server once."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
            for host in self.hosts:
                try:
                    (await session.get(f"https://{host}.example/")).raise_for_status()
                except aiohttp.ClientConnectionError:
                    self.troubles.append((host, "down"))
                except aiohttp.ClientResponseError:
                    self.troubles.append((host, "broken"))
                # The others are fine.
        return self.troubles
