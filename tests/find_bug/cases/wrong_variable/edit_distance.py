# kind: wrong_variable
def edit_distance(first, second):
    """Return how many letters to insert, delete or replace to get from one word to the other.

    Wagner-Fischer, keeping two rows of the table: `previous` and `current`.
    """
    previous = list(range(len(second) + 1))
    for row, letter in enumerate(first, start=1):
        current = [row]
        for column, other in enumerate(second, start=1):
            replaced = previous[column - 1] + (letter != other)
            inserted = current[column - 1] + 1
            deleted = current[column - 1] + 1
            current.append(min(replaced, inserted, deleted))
        previous = current
    return previous[-1]
