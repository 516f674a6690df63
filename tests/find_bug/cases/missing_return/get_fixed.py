# kind: missing_return
from collections import OrderedDict


class Cache:
    """Remembers the values of the `size` keys that were used last."""

    def __init__(self, load, size=128):
        self.load = load
        self.size = size
        self.entries = OrderedDict()

    def get(self, key):
        """Return the value of a key, loading it first if it is not remembered."""
        if key in self.entries:
            self.entries.move_to_end(key)
            return self.entries[key]
        value = self.load(key)
        self.entries[key] = value
        if len(self.entries) > self.size:
            self.entries.popitem(last=False)
        return value

    def __len__(self):
        return len(self.entries)
