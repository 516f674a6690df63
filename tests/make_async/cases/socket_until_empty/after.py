import asyncio
from socket import create_connection

ADDRESS = ("chat.example", 6667)


async def ask(question: bytes) -> bytes:
    """Everything that the server has to say."""
    sock = await asyncio.to_thread(create_connection, ADDRESS)
    try:
        await asyncio.to_thread(sock.sendall, question)

        answer = b""
        while chunk := await asyncio.to_thread(sock.recv, 4):
            answer += chunk
        return answer
    finally:
        sock.close()  # also after an error
