# kind: off_by_one
def line_and_column(text, offset):
    """Return the line and the column of an offset in a text; both count from 1.

    The offset may be len(text), the place behind the last character.
    """
    if not 0 <= offset <= len(text):
        raise IndexError(f"offset {offset} is outside of the text")
    line = text.count("\n", 0, offset) + 1
    line_break = text.rfind("\n", 0, offset)
    column = offset - line_break + 1
    return line, column


def describe(text, offset, message):
    """Return an error message with its place, as compilers print it."""
    line, column = line_and_column(text, offset)
    return f"{line}:{column}: {message}"
