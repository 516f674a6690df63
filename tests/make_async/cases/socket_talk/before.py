import socket


def echo(host: str, port: int, *words: str) -> list[str]:
    """Say some words, and hear what comes back."""
    heard = []
    with socket.create_connection((host, port), timeout=5) as connection:
        for word in words:
            connection.sendall(word.encode() + b"\n")
            heard.append(connection.recv(1024).decode().strip())
    return heard
