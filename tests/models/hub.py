"""A hub of models on loopback: what huggingface_hub asks of the real one, and its bad days."""

from __future__ import annotations

import hashlib
import random
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PATH = re.compile(r"/(?P<repository>[^/]+/[^/]+)/resolve/main/(?P<file>.+)")


@dataclass
class Hub:
    """What the hub has, and how it behaves."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """By `org/repo/file`."""
    cuts: random.Random | None = None
    """Cut each connection at a random byte, as long as this is set."""
    wrong_checksum: bool = False
    status: int = 0
    """Refuse everything with this status."""
    error_code: str = ""
    """The hub's own word for what is wrong."""
    html: bool = False
    """Answer as a captive portal does."""
    redirects: bool = False
    """Send those who fetch to another path, as the real hub sends them to its storage."""
    endless: bool = False
    """Never stop to send."""
    stalls: threading.Event | None = None
    """Send half of a file, then nothing until this is set."""
    ignores_ranges: bool = False
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and range of each."""
    secrets: list[str] = field(default_factory=list)
    """What was sent as authorization."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, *_arguments: object) -> None:
        pass

    def _answer(self, *, with_body: bool) -> None:
        hub = self.hub
        wanted = self.headers.get("Range", "")
        hub.requests.append((self.command, self.path, wanted))
        hub.secrets += self.headers.get_all("Authorization", [])
        if hub.html:
            self._send(200, b"<html>Please log in.</html>", {"Content-Type": "text/html"})
            return
        path = self.path.removeprefix("/storage")
        match = PATH.fullmatch(path)
        content = hub.files.get(f"{match['repository']}/{match['file']}") if match else None
        if hub.status or content is None:
            code = hub.error_code or "EntryNotFound"
            self._send(hub.status or 404, b"", {"X-Error-Code": code, "X-Repo-Commit": COMMIT})
            return
        if hub.redirects and path == self.path:
            headers = {**self._about(content), "Location": f"{hub.address}/storage{path}"}
            self._send(302, b"", headers)
            return
        self._send_file(content, wanted, with_body=with_body)

    def _about(self, content: bytes) -> dict[str, str]:
        digest = hashlib.sha256(b"x" if self.hub.wrong_checksum else content).hexdigest()
        return {
            "X-Repo-Commit": COMMIT,
            "X-Linked-Etag": f'"{digest}"',
            "X-Linked-Size": str(len(content)),
            "ETag": f'"{digest}"',
        }

    def _send_file(self, content: bytes, wanted: str, *, with_body: bool) -> None:
        match = None if self.hub.ignores_ranges else re.fullmatch(r"bytes=(\d+)-", wanted)
        begin = int(match[1]) if match else 0
        headers = self._about(content)
        if match:
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        body = content[begin:]
        self.send_response(206 if match else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.hub.endless and with_body:
            self.send_header("Connection", "close")
            self.end_headers()
            self._write_forever(body)
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body and self.hub.stalls:
            self._write(body[: len(body) // 2])
            self.hub.stalls.wait()
            self.close_connection = True
        elif with_body:
            cut = self.hub.cuts.randrange(len(body) + 1) if self.hub.cuts else len(body)
            self._write(body[:cut])
            self.close_connection = cut < len(body)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._write(body)

    def _write(self, body: bytes) -> None:
        try:
            self.wfile.write(body)
        except OSError:  # the other side has gone
            self.close_connection = True

    def _write_forever(self, body: bytes) -> None:
        self.close_connection = False
        while not self.close_connection:
            self._write(body or b"x")
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """The other side has gone: that is what is tested."""


@contextmanager
def open_hub(**behaviour: object) -> Iterator[Hub]:
    """A hub that runs until the end of the block."""
    hub = Hub(**behaviour)  # type: ignore[arg-type]
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = _Server(("127.0.0.1", 0), handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
