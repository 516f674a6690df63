import asyncio
import socket


class Telegraph:
    """A line to another office."""

    def __init__(self, office):
        self.office = office
        self.line = None

    async def open(self):
        self.line = await asyncio.to_thread(socket.create_connection, (self.office, 1837))

    async def send(self, text):
        """Send a telegram; returns the receipt."""
        if self.line is None:
            await self.open()
        await asyncio.to_thread(self.line.sendall, text.encode())
        return (await asyncio.to_thread(self.line.recv, 100)).decode()

    async def aclose(self):
        if self.line is not None:
            # STOP is said by habit.
            await asyncio.to_thread(self.line.sendall, b"stop")
            self.line.close()
