import socket


class Telegraph:
    """A line to another office."""

    def __init__(self, office):
        self.office = office
        self.line = None

    def open(self):
        self.line = socket.create_connection((self.office, 1837))

    def send(self, text):
        """Send a telegram; returns the receipt."""
        if self.line is None:
            self.open()
        self.line.sendall(text.encode())
        return self.line.recv(100).decode()

    def close(self):
        if self.line is not None:
            # STOP is said by habit.
            self.line.sendall(b"stop")
            self.line.close()
