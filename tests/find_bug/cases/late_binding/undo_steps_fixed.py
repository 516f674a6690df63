# kind: late_binding
def undo_steps(text, wanted):
    """Return functions that put `wanted` back where `text` has it, last place first.

    Each function takes the list of characters that it repairs.
    """
    if not wanted:
        raise ValueError("there is nothing to put back")
    steps = []
    position = text.find(wanted)
    while position != -1:

        def undo(characters, position=position):
            characters[position : position + len(wanted)] = list(wanted)

        steps.append(undo)
        position = text.find(wanted, position + len(wanted))
    steps.reverse()
    return steps
