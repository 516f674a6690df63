# kind: wrong_variable
def rotate_piece(piece):
    """Return a piece of a block game turned right by 90 degrees.

    A piece is a list of text rows of equal length; "." is empty.
    """
    if len({len(row) for row in piece}) > 1:
        raise ValueError("the rows differ in length")
    height = len(piece)
    width = len(piece[0]) if piece else 0
    turned = []
    for column in range(width):
        cells = [piece[height - 1 - row][column] for row in range(height)]
        turned.append("".join(cells))
    return turned
