# kind: swapped_arguments
import re
import unicodedata

SPELLINGS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}


def slugify(title, longest=60):
    """Return a title as part of an address: ASCII letters, digits and hyphens.

    German umlauts are spelled out; other accents are dropped.
    """
    text = title.lower()
    for letter, spelling in SPELLINGS.items():
        text = text.replace(letter, spelling)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain)
    return "-".join(words)[:longest].rstrip("-")
