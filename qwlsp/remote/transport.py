"""Speaks HTTP with one OpenAI-compatible server: JSON, streamed events, errors as sentences.

Nothing that a server sends is trusted: what is too long, of another kind or no JSON ends the answer
with a sentence. Only `models` and `stream` send anything.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from qwlsp.errors import EngineError
from qwlsp.remote.server import ServerConfig

CONNECT_SECONDS = 5.0
RETRIES = 3
"""Times that a busy server is asked again."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds before it is asked again: doubled each time, unless the server says how long."""
BUSY = (429, 503)
LONGEST_LINE = 1 << 20
"""Bytes of one event."""
LONGEST_REPLY = 1 << 23
"""Bytes of an answer that is not streamed."""
LONGEST_REASON = 200
"""Characters of a server's own words that a person is shown."""


class Refused(EngineError):
    """The server does not want this request; `status` is that of its reply."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Transport:
    """The connections to one server. Raises EngineError, Refused where another request may do."""

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        try:
            address = httpx.URL(config.base_url + "/")
            _ = address.host  # decoded only when it is looked at
        except (httpx.InvalidURL, UnicodeError) as error:
            raise EngineError(f"backend.baseUrl is no address: {_clean(str(error))}.") from None
        try:
            self._http = httpx.AsyncClient(
                base_url=address,
                timeout=httpx.Timeout(config.timeout, connect=CONNECT_SECONDS, pool=None),
                follow_redirects=False,  # the code goes where the person has said
                trust_env=not config.is_local,  # a company's proxy is none of this machine's
                headers={"accept-encoding": "identity"},  # see `_is_packed`
                # To load the certificates takes longer than all else, and http has none.
                verify=address.scheme != "http",
            )
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            raise EngineError(
                f"The environment's proxy or certificates can't be used: {_clean(str(error))}."
            ) from None

    async def models(self) -> list[dict[str, Any]]:
        """What the server offers."""
        with self._sentences():
            async with self._http.stream("GET", "models", headers=self._headers()) as response:
                body = await self._whole(response)
        if response.status_code != httpx.codes.OK:
            raise self._refused(response.status_code, body)
        data = _json(body)
        offered = data.get("data", "") if isinstance(data, dict) else ""
        if offered is None:  # an Ollama without models
            return []
        if not isinstance(offered, list):
            raise EngineError(self._no_api())
        return [each for each in offered if isinstance(each, dict)]

    async def stream(self, request: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """The events of a chat completion. Closing the iterator closes the connection, which ends
        the work at the server."""
        body = json.dumps({**request, "stream": True}, ensure_ascii=False)
        content = body.encode("utf-8", "replace")  # a person may type half a character
        for attempt in range(RETRIES + 1):
            if self._http.is_closed:
                raise EngineError(f"The connection to {self._config.host} was closed.")
            headers = {**self._headers(), "content-type": "application/json"}
            with self._sentences():
                async with self._http.stream(
                    "POST", "chat/completions", content=content, headers=headers
                ) as response:
                    if response.status_code == httpx.codes.OK:
                        async for event in self._events(response):
                            yield event
                        return
                    reason = await self._whole(response)
                    if response.status_code not in BUSY or attempt == RETRIES:
                        raise self._refused(response.status_code, reason)
                    pause = _pause(response, attempt)
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    def _headers(self) -> dict[str, str]:
        name, key = self._config.key_variable, self._key()
        if not name:
            return {}
        if not key.isascii() or not key.isprintable() or not key:
            raise EngineError(
                f"The environment variable {name} holds no key for {self._config.host}."
            )
        return {"authorization": f"Bearer {key}"}

    def _key(self) -> str:
        """Without the white space around it, which no header may have."""
        return os.environ.get(self._config.key_variable, "").strip()

    async def _whole(self, response: httpx.Response) -> bytes:
        """A reply that is no stream; the beginning of one that is too long or takes too long."""
        body, began = bytearray(), time.monotonic()
        if _is_packed(response):
            return b""
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > LONGEST_REPLY or time.monotonic() - began > self._config.timeout:
                break
        return bytes(body)

    async def _events(self, response: httpx.Response) -> AsyncGenerator[dict[str, Any], None]:
        """Server-sent events, as the HTML standard has them; each is one line of JSON here. After
        whatever arrives there is an empty one, so that whoever follows can lose patience."""
        kind = response.headers.get("content-type", "").lower()
        if not kind.startswith("text/event-stream"):
            raise EngineError(self._no_api())
        if _is_packed(response):
            raise EngineError(f"{self._config.host} sent a compressed answer, unasked.")
        buffer = bytearray()
        async for chunk in response.aiter_raw():
            buffer += chunk
            lines: list[bytearray] = []
            if b"\n" in chunk:
                *lines, buffer = buffer.split(b"\n")
            for line in lines:
                if line.startswith(b"data:"):
                    data = line.removeprefix(b"data:").strip()
                    if data == b"[DONE]":
                        return
                    yield self._event(bytes(data))
            if len(buffer) > LONGEST_LINE:
                raise EngineError(f"{self._config.host} sent a line without end.")
            yield {}

    def _event(self, data: bytes) -> dict[str, Any]:
        try:
            event = json.loads(data.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            raise EngineError(f"{self._config.host} sent something that makes no sense.")
        if event.get("error"):
            reason = self._reason(event["error"])
            raise EngineError(f"{self._config.host} failed{f': {reason}' * bool(reason)}.")
        return event

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """What can go wrong on the way, in words."""
        host = self._config.host
        try:
            yield
        except httpx.ConnectTimeout:
            raise EngineError(f"{host} does not answer. Is the server running?") from None
        except (httpx.ReadTimeout, httpx.WriteTimeout):
            raise EngineError(silence(self._config)) from None
        except httpx.ConnectError as error:
            reason = _clean(str(error)) or "no connection"
            raise EngineError(
                f"{host} can't be reached ({reason}). Is the server running?"
            ) from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            reason = _clean(str(error)) or type(error).__name__
            raise EngineError(f"The connection to {host} broke ({reason}).") from None

    def _refused(self, status: int, body: bytes) -> EngineError:
        config, reason = self._config, self._reason(_json(body))
        if status in (401, 403):
            key = f"the key in {config.key_variable}" if config.key_variable else "a request"
            hint = "" if config.key_variable else " Name a key's variable in backend.apiKeyEnv."
            return EngineError(f"{config.host} refused {key} ({status}).{hint}")
        if 300 <= status < 400:
            return EngineError(f"{config.host} sends us elsewhere ({status}): is baseUrl right?")
        elsewhere = status == httpx.codes.NOT_FOUND and not config.base_url.endswith("/v1")
        if not reason or elsewhere:
            return Refused(self._no_api(status), status)
        return Refused(f"{config.host} refused: {reason} ({status}).", status)

    def _reason(self, error: Any) -> str:
        """The words of an error in any of the shapes that servers give it, without the key."""
        for name in ("error", "detail", "message"):
            if isinstance(error, dict):
                error = error.get(name) or error
        if not isinstance(error, str):
            return ""
        key = self._key()
        return _clean(error.replace(key, "...") if key else error)

    def _no_api(self, status: int | None = None) -> str:
        told = f" ({status})" if status else ""
        return (
            f"{self._config.host} does not answer like an OpenAI-compatible server{told}."
            " Does baseUrl end with /v1?"
        )


def silence(config: ServerConfig) -> str:
    """The sentence about a server that said nothing for too long."""
    return f"{config.host} said nothing for {config.timeout:g} seconds (backend.timeoutSeconds)."


def _is_packed(response: httpx.Response) -> bool:
    """Whether it has to be unpacked, to who knows how much: nobody has asked for that."""
    encoding: str = response.headers.get("content-encoding", "identity")
    return encoding.strip().lower() not in ("", "identity")


def _pause(response: httpx.Response, attempt: int) -> float:
    """Seconds to wait for a busy server: as long as it says, else longer and longer, and not in
    step with everybody else."""
    told = response.headers.get("retry-after", "")
    if re.fullmatch(r"[0-9]+", told):
        return min(float(told), LONGEST_PAUSE)
    return min(FIRST_PAUSE * float(2**attempt), LONGEST_PAUSE) * random.uniform(0.5, 1.5)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _clean(words: str) -> str:
    printable = "".join(each if each.isprintable() else " " for each in words[: 2 * LONGEST_REASON])
    return " ".join(printable.split())[:LONGEST_REASON].rstrip(". ")
