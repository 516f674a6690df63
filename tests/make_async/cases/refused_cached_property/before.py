import time
from functools import cached_property


class Dictionary:
    """Words, loaded when first needed."""

    @cached_property
    def words(self):
        time.sleep(3)
        return {"cat": "Katze"}

    def translate(self, word):
        return self.words.get(word, word)
