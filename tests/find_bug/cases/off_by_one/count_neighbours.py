# kind: off_by_one
def count_neighbours(alive, row, column):
    """Return how many of the eight cells around a cell are alive."""
    count = 0
    for near_row in range(row - 1, row + 1):
        for near_column in range(column - 1, column + 2):
            if (near_row, near_column) == (row, column):
                continue
            count += (near_row, near_column) in alive
    return count


def next_generation(alive):
    """Return the living cells of Conway's game of life one step later."""
    spots = {(r + i, c + j) for r, c in alive for i in (-1, 0, 1) for j in (-1, 0, 1)}
    return {
        (row, column)
        for row, column in spots
        if count_neighbours(alive, row, column) in ((2, 3) if (row, column) in alive else (3,))
    }
