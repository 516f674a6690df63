import asyncio

from printer import print_page


async def print_book(pages):
    """Print a book; return what the printer said."""
    said = []
    for number, page in enumerate(pages, start=1):
        said.append(await asyncio.to_thread(print_page, page, number=number))
    return said
