# kind: wrong_variable
def parse_headers(block):
    """Return the headers of an HTTP message; names in lower case, values as they are.

    Values of a header that occurs twice are joined with a comma. A line without a
    colon is a ValueError.
    """
    headers = {}
    for line in block.split("\r\n"):
        if not line:
            break
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"not a header: {name!r}")
        value = value.strip()
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers
