def last_line(path, encoding="latin-1"):
    """The last line of a text, without its end."""
    text = open(path, encoding=encoding)
    try:
        lines = text.readlines()
        # An empty file has no last line.
        return lines[-1].rstrip("\n") if lines else None
    finally:
        text.close()
