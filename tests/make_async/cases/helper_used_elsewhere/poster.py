from printer import print_page


def print_poster(text):
    """A poster is one big page."""
    return print_page(text.upper())
