# kind: forgotten_edge_case
def stars(mean):
    """Return a mean as five characters, such as "★★★☆☆"."""
    full = round(mean or 0)
    return "★" * full + "☆" * (5 - full)


def mean_rating(reviews, digits=1):
    """Return the mean stars of an article's approved reviews, None if it has none.

    A review is a dictionary with "stars" (1 to 5) and "approved".
    """
    approved = [review["stars"] for review in reviews if review["approved"]]
    for count in approved:
        if not 1 <= count <= 5:
            raise ValueError(f"a review cannot have {count} stars")
    if not approved:
        return None
    return round(sum(approved) / len(approved), digits)
