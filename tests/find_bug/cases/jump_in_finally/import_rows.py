# kind: jump_in_finally
def parse_row(row):
    """Return the sum of a row's two whole numbers."""
    left, right = row.split(";")
    return int(left) + int(right)


def import_rows(rows, progress=None):
    """Return the sums of all rows, reporting each row to `progress`.

    A row that is no two numbers stops the import with a ValueError.
    """
    sums = []
    for number, row in enumerate(rows, start=1):
        try:
            sums.append(parse_row(row))
        finally:
            if progress is None:
                continue
            progress(number, len(rows))
    return sums
