import time


def tidy(books, shelf=5):
    """Sort books by how far they stand from the door."""
    weights = {}

    def distance(title):
        weights[title] = len(title)
        return abs(shelf - len(title))

    def slowly(title):
        time.sleep(0.1)  # sorting is done by hand
        return distance(title)

    books.sort(key=distance)
    first = slowly(books[0])
    return books, first, sum(weights.values())
