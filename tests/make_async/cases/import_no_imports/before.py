# A guest book, in a file without any imports.
# Its second line.

book = {"path": "guests.txt"}


def sign(name):
    """Add a name; returns the number of names."""
    with open(book["path"], "a+") as file:
        file.write(name + "\n")
        file.seek(0)
        return len(file.readlines())
