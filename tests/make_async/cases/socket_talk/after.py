import asyncio
import socket


async def echo(host: str, port: int, *words: str) -> list[str]:
    """Say some words, and hear what comes back."""
    heard = []
    with await asyncio.to_thread(socket.create_connection, (host, port), timeout=5) as connection:
        for word in words:
            await asyncio.to_thread(connection.sendall, word.encode() + b"\n")
            heard.append((await asyncio.to_thread(connection.recv, 1024)).decode().strip())
    return heard
