from socket import create_connection

ADDRESS = ("chat.example", 6667)


def ask(question: bytes) -> bytes:
    """Everything that the server has to say."""
    sock = create_connection(ADDRESS)
    try:
        sock.sendall(question)

        answer = b""
        while chunk := sock.recv(4):
            answer += chunk
        return answer
    finally:
        sock.close()  # also after an error
