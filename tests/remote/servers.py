"""HTTP servers on loopback that say, byte for byte, what a test wants a client to hear."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

MODELS = {"object": "list", "data": [{"id": "tiny", "object": "model"}]}
USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 2,
    "prompt_tokens_details": {"cached_tokens": 12},
}
STREAM = "text/event-stream"


@dataclass
class Request:
    """What a client has sent."""

    method: str
    path: str
    headers: dict[str, str]
    """Their names in small letters."""
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body of a question."""
        data: dict[str, Any] = json.loads(self.body)
        return data


@dataclass
class Exchange:
    """A request, and the connection to reply on."""

    request: Request
    left: asyncio.Event
    """The client has closed the connection."""
    _writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Say something; nothing happens if the client is gone."""
        with suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    def close(self) -> None:
        """End the connection."""
        self._writer.close()


Reply = Callable[[Exchange], Coroutine[Any, Any, None]]


@dataclass
class Server:
    """Replies to each question with the next of `replies`, the last one again and again."""

    replies: list[Reply] = field(default_factory=list)
    models: Reply | None = None
    """The reply to GET /v1/models; None: one model, "tiny"."""
    requests: list[Request] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with every request."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        """What a person would put into `backend.baseUrl`."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def questions(self) -> list[Request]:
        """The requests for an answer so far."""
        return [each for each in self.requests if each.path == "/v1/chat/completions"]

    async def start(self) -> None:
        """Listen, on the port of the last time if there was one."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and end those that there are."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            begin = await reader.read(1)
            while begin:
                request = await _read(begin, reader)
                exchange = Exchange(request, asyncio.Event(), writer)
                self.requests.append(request)
                self.exchanges.append(exchange)
                reply = asyncio.create_task(self._reply(exchange)(exchange))
                self.news.set()
                try:
                    begin = await reader.read(1)  # of the next request, or the end
                    if not begin:
                        exchange.left.set()
                finally:
                    reply.cancel()
                    await asyncio.gather(reply, return_exceptions=True)
        except (ConnectionError, asyncio.IncompleteReadError):
            for exchange in self.exchanges:
                if exchange._writer is writer:
                    exchange.left.set()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _reply(self, exchange: Exchange) -> Reply:
        if exchange.request.path == "/v1/models":
            return self.models or status(200, json.dumps(MODELS).encode())
        if exchange.request.path == "/v1/chat/completions" and self.replies:
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return status(404, b"not here")


@asynccontextmanager
async def serving(*replies: Reply, models: Reply | None = None) -> AsyncIterator[Server]:
    """A server for as long as the block lasts."""
    server = Server(list(replies), models)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def _read(begin: bytes, reader: asyncio.StreamReader) -> Request:
    head = begin + await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


# Replies.


def head(code: int = 200, kind: str = STREAM, **headers: str) -> bytes:
    """The head of a reply whose body ends with the connection, unless `headers` say otherwise;
    an underscore in their names stands for a hyphen."""
    lines = [f"HTTP/1.1 {code} Because", f"Content-Type: {kind}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def status(code: int, body: bytes = b"", kind: str = "application/json", **headers: str) -> Reply:
    """A complete reply, after which the connection may be used again."""
    return raw(head(code, kind, content_length=str(len(body)), **headers) + body, close=False)


def raw(*pieces: bytes, close: bool = True) -> Reply:
    """These bytes, then the end of the connection, or silence on it."""

    async def reply(exchange: Exchange) -> None:
        for piece in pieces:
            await exchange.send(piece)
            await asyncio.sleep(0)
        if close:
            exchange.close()

    return reply


def silent(*pieces: bytes) -> Reply:
    """These bytes, and then nothing more on an open connection."""
    return raw(*pieces, close=False)


def endless(*pieces: bytes, first: bytes = head()) -> Reply:
    """`first`, then these bytes again and again until the client leaves."""

    async def reply(exchange: Exchange) -> None:
        await exchange.send(first)
        while not exchange.left.is_set():
            for piece in pieces:
                await exchange.send(piece)
            await asyncio.sleep(0)

    return reply


def event(data: Any) -> bytes:
    """One server-sent event; a string is sent as it is."""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"data: {text}\n\n".encode("utf-8", "surrogatepass")


def delta(text: Any, *, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """An event with a piece of an answer."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish, **more}
    return {"object": "chat.completion.chunk", "choices": [choice]}


def events(
    *texts: str, finish: str | None = "stop", usage: Any = USAGE, done: bool = True
) -> list[bytes]:
    """The events of an answer, as well-behaved servers send them."""
    found: list[Any] = [{"choices": [{"index": 0, "delta": {"role": "assistant"}}]}]
    found += [delta(text) for text in texts]
    if finish is not None:
        found.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage is not None:
        found.append({"choices": [], "usage": usage})
    return [event(each) for each in [*found, *(["[DONE]"] if done else [])]]


def answer(*texts: str, finish: str | None = "stop", usage: Any = USAGE) -> Reply:
    """A good answer in these pieces."""
    return streamed(*events(*texts, finish=finish, usage=usage))


def streamed(*pieces: bytes) -> Reply:
    """A stream of these bytes in HTTP's chunks, properly ended."""
    coded = [chunk(piece) for piece in pieces]
    return raw(head(transfer_encoding="chunked"), *coded, chunk(b""), close=False)


def chunk(data: bytes) -> bytes:
    """A chunk of HTTP's chunked encoding; an empty one is the last."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def scored(text: str, top: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """An entry of `logprobs.content`: a token, and the likeliest ones in its place."""
    found = [{"token": token, "logprob": logprob} for token, logprob in top]
    return {"token": text, "logprob": -0.1, "top_logprobs": found}
