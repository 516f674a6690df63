import requests


class Watch:
    """Looks after a few servers."""

    def __init__(self, *hosts):
        self.hosts = hosts
        self.troubles = []

    def look(self):
        """Look at each server once."""
        for host in self.hosts:
            try:
                requests.get(f"https://{host}.example/").raise_for_status()
            except requests.ConnectionError:
                self.troubles.append((host, "down"))
            except requests.HTTPError:
                self.troubles.append((host, "broken"))
            # The others are fine.
        return self.troubles
