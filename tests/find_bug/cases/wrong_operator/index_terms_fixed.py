# kind: wrong_operator
import string

STOP_WORDS = frozenset({"a", "an", "and", "as", "at", "by", "in", "is", "of", "or", "the", "to"})
PUNCTUATION = str.maketrans("", "", string.punctuation)


def index_terms(text, shortest=2):
    """Return the terms of a text for a search index, sorted and without repeats.

    Stop words and words shorter than `shortest` are not indexed.
    """
    terms = set()
    for word in text.lower().translate(PUNCTUATION).split():
        if len(word) < shortest:
            continue
        if word not in STOP_WORDS:
            terms.add(word)
    return sorted(terms)
