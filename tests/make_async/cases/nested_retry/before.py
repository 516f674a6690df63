import time


def send(message, network):
    """Send a message, with three tries."""
    tries = 0

    def attempt():
        nonlocal tries
        tries += 1
        return network.pop(0)

    def with_patience():
        while not attempt():
            if tries == 3:
                return False
            time.sleep(2**tries)  # 2, 4
        return True

    return f"{message}: {'sent' if with_patience() else 'lost'} after {tries}"
