import time


def healthy():
    return True


def broken(count):
    """Somebody is typing here."""
    for number in range(count:
        time.sleep(number)
    return count
