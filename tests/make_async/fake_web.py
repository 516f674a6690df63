"""A little internet and its blocking clients, requests and urllib; `fake_clients` has the others.

What the clients differ in is kept, as far as a program can notice: who follows a redirect, which
errors are raised and how they are called, which arguments exist, what has to be awaited.
"""

from __future__ import annotations

import io
import json as jsons
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from tests.make_async.fakes import World

PAGES: dict[str, tuple[int, str]] = {
    "https://shop.example/items/1": (200, '{"name": "lamp", "price": 30}'),
    "https://shop.example/items/2": (200, '{"name": "desk", "price": 120}'),
    "https://shop.example/items": (200, '{"items": [1, 2], "more": false}'),
    "https://weather.example/oslo": (200, '{"city": "Oslo", "degrees": -3}'),
    "https://weather.example/rome": (200, '{"city": "Rome", "degrees": 18}'),
    "https://news.example/": (200, "Bridge opens\nRiver rises\nCat found\n"),
    "https://files.example/logo.svg": (200, "<svg></svg>"),
    "https://legacy.example/rates": (200, ' {"EUR": 1, "NOK": 11}'),
    "https://broken.example/": (500, "out of order"),
}
"""What GET and HEAD find, without the query; elsewhere there is nothing, status 404."""

MOVED = {"https://news.example/latest": "https://news.example/"}
DOWN = "https://down.example/"
SLOW = "https://slow.example/"


class Down(Exception):
    """Nobody answers at that address."""


class Slow(Exception):
    """The answer does not come in time."""


class Headers(dict[str, str]):
    """Headers of an answer, by names in any case."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


@dataclass(frozen=True)
class Answer:
    """What a server says."""

    url: str
    status: int
    body: str

    @property
    def headers(self) -> Headers:
        kind = "application/json" if self.body.startswith(("{", "[")) else "text/html"
        return Headers({"content-type": kind, "content-length": str(len(self.body.encode()))})

    @property
    def reason(self) -> str:
        return HTTPStatus(self.status).phrase


def exchange(
    world: World,
    method: str,
    url: str,
    *,
    params: Any = None,
    headers: Any = None,
    json: Any = None,
    data: Any = None,
    redirects: bool = True,
) -> Answer:
    """Send a request, and record it with what was sent and with the headers asked for.

    What is posted or put somewhere comes back as `{"received": …}`. Raises `Down` and `Slow`.
    """
    method = method.upper()
    address = f"{url}?{urlencode(params)}" if params else str(url)
    sent = data.decode() if isinstance(data, bytes) else data if json is None else json
    world.record(
        method, address, *([] if sent is None else [sent]), *([dict(headers)] if headers else [])
    )
    if address.startswith(DOWN):
        raise Down(address)
    if address.startswith(SLOW):
        raise Slow(address)
    if address in MOVED:
        if not redirects:
            return Answer(address, 301, "")
        return exchange(world, method, MOVED[address], headers=headers)
    if method in {"POST", "PUT", "PATCH"}:
        return Answer(address, 201, jsons.dumps({"received": sent}))
    if method == "DELETE":
        return Answer(address, 204, "")
    status, body = PAGES.get(address.partition("?")[0], (404, "nothing here"))
    return Answer(address, status, "" if method == "HEAD" else body)


def module(name: str, **names: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(names)
    return module


class RequestException(OSError):
    def __init__(self, *args: Any, response: Any = None) -> None:
        super().__init__(*args)
        self.response = response


REQUESTS_ERRORS = {
    "RequestException": RequestException,
    "HTTPError": type("HTTPError", (RequestException,), {}),
    "ConnectionError": type("ConnectionError", (RequestException,), {}),
    "Timeout": type("Timeout", (RequestException,), {}),
}


class RequestsResponse:
    def __init__(self, world: World, answer: Answer, stream: bool) -> None:
        self._world, self._stream = world, stream
        self.status_code, self.text, self.url = answer.status, answer.body, answer.url
        self.content = answer.body.encode()
        self.headers, self.reason = answer.headers, answer.reason
        self.ok = answer.status < 400

    def json(self) -> Any:
        return jsons.loads(self.text)

    def raise_for_status(self) -> None:
        if not self.ok:
            raise REQUESTS_ERRORS["HTTPError"](f"{self.status_code} {self.reason}", response=self)

    def iter_content(self, chunk_size: int = 1) -> Iterator[bytes]:
        for start in range(0, len(self.content), chunk_size):
            if self._stream:
                self._world.block("Response.iter_content")
            yield self.content[start : start + chunk_size]

    def iter_lines(self) -> Iterator[bytes]:
        for line in self.content.splitlines():
            if self._stream:
                self._world.block("Response.iter_lines")
            yield line

    def close(self) -> None:
        pass

    def __enter__(self) -> RequestsResponse:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class Session:
    _world: World

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}

    def request(
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        cookies: Any = None,
        files: Any = None,
        auth: Any = None,
        timeout: Any = None,
        allow_redirects: bool = True,
        proxies: Any = None,
        stream: bool = False,
        verify: Any = True,
        json: Any = None,
    ) -> RequestsResponse:
        self._world.block(f"requests.{method.lower()}")
        sent = {"params": params, "data": data, "json": json}
        headers = {**self.headers, **(headers or {})}
        try:
            answer = exchange(
                self._world, method, url, **sent, headers=headers, redirects=allow_redirects
            )
        except Down as error:
            raise REQUESTS_ERRORS["ConnectionError"](url) from error
        except Slow as error:
            raise REQUESTS_ERRORS["Timeout"](url) from error
        return RequestsResponse(self._world, answer, stream)

    def get(self, url: str, params: Any = None, **options: Any) -> RequestsResponse:
        return self.request("GET", url, params, **options)

    def head(self, url: str, **options: Any) -> RequestsResponse:
        return self.request("HEAD", url, **{"allow_redirects": False, **options})

    def post(self, url: str, data: Any = None, **options: Any) -> RequestsResponse:
        return self.request("POST", url, data=data, **options)

    def put(self, url: str, data: Any = None, **options: Any) -> RequestsResponse:
        return self.request("PUT", url, data=data, **options)

    def delete(self, url: str, **options: Any) -> RequestsResponse:
        return self.request("DELETE", url, **options)

    def close(self) -> None:
        pass

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def requests_modules(world: World) -> dict[str, ModuleType]:
    """`requests` and `requests.exceptions`."""
    session = type("Session", (Session,), {"_world": world})
    alone = session()
    exceptions = module("requests.exceptions", **REQUESTS_ERRORS)
    methods = ("request", "get", "head", "post", "put", "delete")
    requests = module(
        "requests",
        **REQUESTS_ERRORS,
        **{name: getattr(alone, name) for name in methods},
        exceptions=exceptions,
        Session=session,
        Response=RequestsResponse,
    )
    return {"requests": requests, "requests.exceptions": exceptions}


def urlopen(world: World) -> Any:
    """`urllib.request.urlopen`: errors are answers of 400 and above, and redirects are followed."""

    class Reply(io.BytesIO):
        def __init__(self, answer: Answer) -> None:
            super().__init__(answer.body.encode())
            self.status, self.url, self.headers = answer.status, answer.url, answer.headers

        def getcode(self) -> int:
            return self.status

        def read(self, size: int | None = -1) -> bytes:
            world.block("urlopen(…).read")
            return super().read(size)

        def __next__(self) -> bytes:
            world.block("iterating over urlopen(…)")
            return super().__next__()

    def opened(url: Any, data: bytes | None = None, timeout: float | None = None) -> Reply:
        world.block("urllib.request.urlopen")
        request = url if isinstance(url, urllib.request.Request) else urllib.request.Request(url)
        data = request.data if data is None else data
        method = request.get_method() if request.data or not data else "POST"
        try:
            answer = exchange(world, method, request.full_url, data=data, headers=request.headers)
        except (Down, Slow) as error:
            raise urllib.error.URLError(repr(error)) from error
        if answer.status >= 400:
            raise urllib.error.HTTPError(answer.url, answer.status, answer.reason, Message(), None)
        return Reply(answer)

    return opened
