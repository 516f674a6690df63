"""TEMP."""


def repeats(t):
    return None


def guard(a, *, prompt, known, final):
    return a


def identifiers(c):
    return set()
