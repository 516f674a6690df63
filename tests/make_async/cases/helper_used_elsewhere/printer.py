import time

PRINTED = []


def print_page(text, number=1):
    """Print one page."""
    time.sleep(len(text))
    PRINTED.append(text)
    return f"page {number} printed"
