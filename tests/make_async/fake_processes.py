"""Processes and connections, the blocking ones and those of asyncio: none of them is real."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from tests.make_async.fakes import World

COMMANDS: dict[str, tuple[int, str, str]] = {
    "git rev-parse HEAD": (0, "4f2a9c1\n", ""),
    "git status --short": (0, " M shop.py\n?? notes.txt\n", ""),
    "git pull": (1, "", "fatal: no remote\n"),
    "df -h /backup": (0, "Use%\n81%\n", ""),
    "ping -c 1 printer": (2, "", "unknown host\n"),
}
"""What a command ends with: exit status, output, errors. Others end with 0 and say nothing."""

FILTERS: dict[str, Callable[[str], str]] = {
    "sort": lambda text: "".join(sorted(text.splitlines(keepends=True))),
    "tr a-z A-Z": str.upper,
}
"""What a command makes of its input."""


def patch_processes(world: World, patches: ExitStack) -> None:
    """Fake the processes of `subprocess` and those of asyncio."""
    popen = type("Popen", (Popen,), {"_world": world})

    def run(
        args: Any,
        *,
        input: Any = None,
        capture_output: bool = False,
        timeout: float | None = None,
        check: bool = False,
        **options: Any,
    ) -> subprocess.CompletedProcess[Any]:
        if capture_output:
            options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = popen(args, **options)
        stdout, stderr = process.communicate(input)
        if check and process.returncode:
            raise subprocess.CalledProcessError(process.returncode, args, stdout, stderr)
        return subprocess.CompletedProcess(args, process.returncode, stdout, stderr)

    def check_output(args: Any, **options: Any) -> Any:
        return run(args, stdout=subprocess.PIPE, check=True, **options).stdout

    def call(args: Any, **options: Any) -> int:
        return run(args, **options).returncode

    def check_call(args: Any, **options: Any) -> int:
        return run(args, check=True, **options).returncode

    async def exec_(program: Any, *args: Any, **options: Any) -> Process:
        return await _start(world, [program, *args], options)

    async def shell(command: str, **options: Any) -> Process:
        return await _start(world, command, options)

    for function in (run, check_output, call, check_call):
        patches.enter_context(patch.object(subprocess, function.__name__, function))
    patches.enter_context(patch.object(subprocess, "Popen", popen))
    patches.enter_context(patch.object(asyncio, "create_subprocess_exec", exec_))
    patches.enter_context(patch.object(asyncio, "create_subprocess_shell", shell))


def _outcome(command: str, given: bytes) -> tuple[int, bytes, bytes]:
    if command in FILTERS:
        return 0, FILTERS[command](given.decode()).encode(), b""
    status, output, errors = COMMANDS.get(command, (0, "", ""))
    return status, output.encode(), errors.encode()


def _record_process(world: World, args: Any, cwd: Any) -> str:
    command = args if isinstance(args, str) else " ".join(map(str, args))
    world.record("process", command, *([] if cwd is None else [f"in {cwd}"]))
    return command


class Popen:
    """A process in bytes, or in text where that is asked for."""

    _world: World

    def __init__(
        self,
        args: Any,
        *,
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        shell: bool = False,
        cwd: Any = None,
        env: Any = None,
        text: bool = False,
        universal_newlines: bool = False,
        encoding: str | None = None,
    ) -> None:
        self._world.block("subprocess")
        self.args, self.returncode, self.pid = args, None, 4711
        self._text = bool(text or universal_newlines or encoding)
        self._pipes = stdout == subprocess.PIPE, stderr == subprocess.PIPE
        self._command = _record_process(self._world, args, cwd)

    def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[Any, Any]:
        self._world.block("Popen.communicate")
        given = input.encode() if self._text and input else input or b""
        self.returncode, *outputs = _outcome(self._command, given)
        stdout, stderr = (
            (output.decode() if self._text else output) if piped else None
            for output, piped in zip(outputs, self._pipes, strict=True)
        )
        return stdout, stderr

    def wait(self, timeout: float | None = None) -> int:
        self.communicate()
        return self.returncode

    def __enter__(self) -> Popen:
        return self

    def __exit__(self, *error: object) -> None:
        self.wait()


async def _start(world: World, args: Any, options: dict[str, Any]) -> Process:
    await world.turn()
    if {"text", "universal_newlines", "encoding"} & set(options):
        raise ValueError("a process of asyncio speaks bytes")
    return Process(world, _record_process(world, args, options.get("cwd")), options)


class Process:
    """A process of asyncio: always in bytes."""

    def __init__(self, world: World, command: str, options: dict[str, Any]) -> None:
        self._world, self._command, self._options = world, command, options
        self.returncode: int | None = None
        self.pid = 4711

    async def communicate(self, input: bytes | None = None) -> tuple[bytes | None, bytes | None]:
        await self._world.turn()
        self.returncode, stdout, stderr = _outcome(self._command, input or b"")
        piped = {name: self._options.get(name) == subprocess.PIPE for name in ("stdout", "stderr")}
        return stdout if piped["stdout"] else None, stderr if piped["stderr"] else None

    async def wait(self) -> int | None:
        await self.communicate()
        return self.returncode


class Peer:
    """Who is at the other end of a connection: says in upper case what it is told."""

    def __init__(self, world: World, address: tuple[str, int]) -> None:
        self._world, self._said = world, b""
        world.record("connect", *address)

    def hear(self, data: bytes) -> None:
        self._world.record("send", data.decode())
        self._said += data.upper()

    def say(self, size: int) -> bytes:
        """At most so many bytes; all for a negative size."""
        size = len(self._said) if size < 0 else size
        said, self._said = self._said[:size], self._said[size:]
        return said

    def line(self) -> bytes:
        return self.say(self._said.find(b"\n") + 1 or -1)


def patch_sockets(world: World, patches: ExitStack) -> None:
    """Fake the connections of `socket` and the streams of asyncio."""

    class Socket:
        def __init__(self, address: tuple[str, int]) -> None:
            self._peer = Peer(world, address)

        def sendall(self, data: bytes) -> None:
            world.block("socket.sendall")
            self._peer.hear(data)

        def send(self, data: bytes) -> int:
            self.sendall(data)
            return len(data)

        def recv(self, size: int) -> bytes:
            world.block("socket.recv")
            return self._peer.say(size)

        def settimeout(self, timeout: float | None) -> None:
            pass

        def close(self) -> None:
            pass

        def __enter__(self) -> Socket:
            return self

        def __exit__(self, *error: object) -> None:
            pass

    def create_connection(address: tuple[str, int], timeout: float | None = None) -> Socket:
        world.block("socket.create_connection")
        return Socket(address)

    async def open_connection(host: str, port: int, **options: Any) -> tuple[Reader, Writer]:
        await world.turn()
        peer = Peer(world, (host, port))
        return Reader(world, peer), Writer(world, peer)

    patches.enter_context(patch.object(socket, "create_connection", create_connection))
    patches.enter_context(patch.object(asyncio, "open_connection", open_connection))


class Reader:
    """The stream that comes from a peer."""

    def __init__(self, world: World, peer: Peer) -> None:
        self._world, self._peer = world, peer

    async def read(self, size: int = -1) -> bytes:
        await self._world.turn()
        return self._peer.say(size)

    async def readline(self) -> bytes:
        await self._world.turn()
        return self._peer.line()

    async def readexactly(self, size: int) -> bytes:
        data = await self.read(size)
        if len(data) < size:
            raise asyncio.IncompleteReadError(data, size)
        return data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while line := await self.readline():
            yield line


class Writer:
    """The stream that goes to a peer."""

    def __init__(self, world: World, peer: Peer) -> None:
        self._world, self._peer = world, peer

    def write(self, data: bytes) -> None:
        self._peer.hear(data)

    async def drain(self) -> None:
        await self._world.turn()

    def close(self) -> None:
        pass

    async def wait_closed(self) -> None:
        await self._world.turn()
