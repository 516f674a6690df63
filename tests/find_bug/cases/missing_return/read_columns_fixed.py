# kind: missing_return
import csv
import io


def as_number(text):
    """Return a cell as int or float where it is one, else as text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def read_columns(text, delimiter=","):
    """Return the columns of a CSV text with a header, lists of cells by column name."""
    rows = csv.DictReader(io.StringIO(text), restval="", delimiter=delimiter)
    columns = {name: [] for name in rows.fieldnames or ()}
    for row in rows:
        for name in columns:
            columns[name].append(as_number(row[name]))
    return columns
