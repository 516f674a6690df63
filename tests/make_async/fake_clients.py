"""The clients that wait without blocking, over the internet of `fake_web`: httpx and aiohttp."""

from __future__ import annotations

import asyncio
import json as jsons
import warnings
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.make_async.fake_web import Answer, Down, Slow, exchange, module

if TYPE_CHECKING:
    from tests.make_async.fakes import World


class HTTPError(Exception):
    def __init__(self, message: str, *, response: Any = None, request: Any = None) -> None:
        super().__init__(message)
        self.response, self.request = response, request


def _httpx_errors() -> dict[str, type[Exception]]:
    errors: dict[str, type[Exception]] = {"HTTPError": HTTPError}
    for name, base in (
        ("HTTPStatusError", "HTTPError"),
        ("RequestError", "HTTPError"),
        ("TransportError", "RequestError"),
        ("TimeoutException", "TransportError"),
        ("ReadTimeout", "TimeoutException"),
        ("NetworkError", "TransportError"),
        ("ConnectError", "NetworkError"),
    ):
        errors[name] = type(name, (errors[base],), {})
    return errors


HTTPX_ERRORS = _httpx_errors()


class HttpxResponse:
    def __init__(self, answer: Answer) -> None:
        self.status_code, self.text, self.headers = answer.status, answer.body, answer.headers
        self.content, self.reason_phrase = answer.body.encode(), answer.reason
        self.url = SimpleNamespace(path=answer.url)  # an object of its own, no str
        self.is_success, self.is_error = answer.status // 100 == 2, answer.status >= 400

    def json(self) -> Any:
        return jsons.loads(self.text)

    def raise_for_status(self) -> HttpxResponse:
        if not self.is_success:
            raise HTTPX_ERRORS["HTTPStatusError"](f"{self.status_code}", response=self)
        return self

    async def aread(self) -> bytes:
        return self.content

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        size = chunk_size or len(self.content) or 1
        for start in range(0, len(self.content), size):
            yield self.content[start : start + size]

    async def aiter_lines(self) -> AsyncIterator[str]:
        for line in self.text.splitlines():
            yield line


class _HttpxClient:
    """What `Client` and `AsyncClient` share."""

    _world: World

    def __init__(
        self,
        *,
        headers: Any = None,
        timeout: Any = 5.0,
        follow_redirects: bool = False,
        verify: Any = True,
        cookies: Any = None,
        auth: Any = None,
        base_url: str = "",
    ) -> None:
        self.headers: dict[str, str] = dict(headers or {})
        self.timeout, self.follow_redirects, self.base_url = timeout, follow_redirects, base_url

    def _answer(
        self,
        method: str,
        url: str,
        *,
        params: Any = None,
        headers: Any = None,
        cookies: Any = None,
        auth: Any = None,
        timeout: Any = None,
        follow_redirects: bool | None = None,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
    ) -> HttpxResponse:
        if isinstance(data, (str, bytes)):
            warnings.warn("Use content= to upload raw text", DeprecationWarning, stacklevel=3)
        follow = self.follow_redirects if follow_redirects is None else follow_redirects
        sent = {"params": params, "data": content or data, "json": json}
        headers = {**self.headers, **(headers or {})}
        try:
            answer = exchange(
                self._world, method, self.base_url + url, **sent, headers=headers, redirects=follow
            )
        except Down as error:
            raise HTTPX_ERRORS["ConnectError"](url) from error
        except Slow as error:
            raise HTTPX_ERRORS["ReadTimeout"](url) from error
        return HttpxResponse(answer)


BARE = ("get", "head", "delete", "options")
"""Methods of httpx that send no content, and have no argument for it."""


def _check_bare(method: str, options: dict[str, Any]) -> None:
    for name in ("content", "data", "files", "json"):
        if method in BARE and name in options:
            raise TypeError(f"{method}() got an unexpected keyword argument {name!r}")


class Client(_HttpxClient):
    def request(self, method: str, url: str, **options: Any) -> HttpxResponse:
        self._world.block(f"httpx.Client.{method.lower()}")
        return self._answer(method, url, **options)

    def close(self) -> None:
        pass

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class AsyncClient(_HttpxClient):
    async def request(self, method: str, url: str, **options: Any) -> HttpxResponse:
        await self._world.turn()
        return self._answer(method, url, **options)

    @asynccontextmanager
    async def stream(self, method: str, url: str, **options: Any) -> AsyncIterator[HttpxResponse]:
        yield await self.request(method, url, **options)

    async def aclose(self) -> None:
        pass

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


def _client_method(name: str) -> Callable[..., Any]:
    """A method of both clients, whose value is awaited where that of `request` is."""

    def method(self: Any, url: str, **options: Any) -> Any:
        _check_bare(name, options)
        return self.request(name, url, **options)

    return method


def httpx_modules(world: World) -> dict[str, ModuleType]:
    """`httpx`, with the blocking client and the asynchronous one."""
    methods: dict[str, Any] = {
        name: _client_method(name) for name in (*BARE, "post", "put", "patch")
    }
    client = type("Client", (Client,), {"_world": world, **methods})
    functions = {name: getattr(client(), name) for name in (*methods, "request")}
    made = module(
        "httpx",
        **HTTPX_ERRORS,
        **functions,
        Client=client,
        AsyncClient=type("AsyncClient", (AsyncClient,), {"_world": world, **methods}),
        Response=HttpxResponse,
        Timeout=lambda *limits, **named: limits or named,
    )
    return {"httpx": made}


class ClientError(Exception):
    pass


class ClientConnectionError(ClientError):
    pass


class ServerTimeoutError(ClientConnectionError, asyncio.TimeoutError):
    pass


class ClientResponseError(ClientError):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}, {message}")
        self.status, self.message = status, message


class ContentTypeError(ClientResponseError):
    pass


class AiohttpResponse:
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.status, self.headers, self.reason = answer.status, answer.headers, answer.reason
        self.ok = answer.status < 400

    async def text(self, encoding: str | None = None) -> str:
        return self._answer.body

    async def read(self) -> bytes:
        return self._answer.body.encode()

    async def json(self, *, content_type: str | None = "application/json") -> Any:
        if content_type is not None and self.headers["content-type"] != content_type:
            raise ContentTypeError(self.status, "an answer that says it is no JSON")
        return jsons.loads(self._answer.body)

    def raise_for_status(self) -> None:
        if not self.ok:
            raise ClientResponseError(self.status, self.reason)

    def release(self) -> None:
        pass


class Requested:
    """What `session.get(…)` gives: awaitable, and an asynchronous context manager."""

    def __init__(self, session: ClientSession, method: str, url: str, options: Any) -> None:
        self._what = session, method, url, options

    async def _response(self) -> AiohttpResponse:
        session, method, url, options = self._what
        await session._world.turn()
        return session._answer(method, url, **options)

    def __await__(self) -> Generator[Any, None, AiohttpResponse]:
        return self._response().__await__()

    async def __aenter__(self) -> AiohttpResponse:
        return await self._response()

    async def __aexit__(self, *error: object) -> None:
        pass


class ClientTimeout:
    def __init__(self, total: float | None = None, connect: float | None = None) -> None:
        self.total = total


class ClientSession:
    _world: World

    def __init__(
        self, *, headers: Any = None, timeout: Any = None, raise_for_status: bool = False
    ) -> None:
        asyncio.get_running_loop()  # as the real one: a session belongs to a loop
        self.headers = dict(headers or {})

    def _answer(
        self,
        method: str,
        url: str,
        *,
        params: Any = None,
        data: Any = None,
        json: Any = None,
        headers: Any = None,
        allow_redirects: bool = True,
        timeout: Any = None,
        ssl: Any = None,
    ) -> AiohttpResponse:
        if timeout is not None and not isinstance(timeout, ClientTimeout):
            warnings.warn("use ClientTimeout", DeprecationWarning, stacklevel=3)
        sent = {"params": params, "data": data, "json": json}
        headers = {**self.headers, **(headers or {})}
        try:
            answer = exchange(
                self._world, method, url, **sent, headers=headers, redirects=allow_redirects
            )
        except Down as error:
            raise ClientConnectionError(url) from error
        except Slow as error:
            raise ServerTimeoutError(url) from error
        return AiohttpResponse(answer)

    def request(self, method: str, url: str, **options: Any) -> Requested:
        return Requested(self, method, url, options)

    def get(self, url: str, **options: Any) -> Requested:
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> Requested:
        return self.request("HEAD", url, **{"allow_redirects": False, **options})

    def post(self, url: str, **options: Any) -> Requested:
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Requested:
        return self.request("PUT", url, **options)

    def delete(self, url: str, **options: Any) -> Requested:
        return self.request("DELETE", url, **options)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> ClientSession:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


def aiohttp_modules(world: World) -> dict[str, ModuleType]:
    """`aiohttp`: sessions of this world, the errors, and `ClientTimeout`."""
    session = type("ClientSession", (ClientSession,), {"_world": world})
    names = (ClientError, ClientConnectionError, ClientResponseError, ServerTimeoutError)
    errors: dict[str, Any] = {error.__name__: error for error in (*names, ContentTypeError)}
    made = module(
        "aiohttp",
        **errors,
        ClientConnectorError=ClientConnectionError,
        ClientSession=session,
        ClientResponse=AiohttpResponse,
        ClientTimeout=ClientTimeout,
    )
    return {"aiohttp": made}
