# kind: forgotten_edge_case
PARTICLES = frozenset({"von", "van", "de", "da", "la"})


def initials(name, longest=3):
    """Return the initials of a person for an avatar, such as "AL" for "Ada Lovelace".

    Particles do not count; a blank name gives "?". Names are as people typed them.
    """
    if not name.strip():
        return "?"
    letters = []
    for part in name.strip().split():
        if part.lower() in PARTICLES:
            continue
        letters.append(part[0].upper())
    return "".join(letters[:longest]) or "?"
