# kind: mutable_default
import re

WORD = re.compile(r"[a-z']+")
STOP_WORDS = frozenset({"the", "and", "of", "to"})


def count_words(text, counts=None):
    """Count the words of `text`, stop words left out.

    Counts are added to `counts` where it is given, else to a fresh dictionary.
    """
    if counts is None:
        counts = {}
    for word in WORD.findall(text.lower()):
        if word in STOP_WORDS:
            continue
        counts[word] = counts.get(word, 0) + 1
    return counts
