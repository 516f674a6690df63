"""Files and databases, real ones, which refuse to be used by a thread that runs an event loop.

Beside them what async programs use instead: aiofiles, anyio and aiosqlite, over the same files.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tests.make_async.fake_web import module

if TYPE_CHECKING:
    from tests.make_async.fakes import World

FILE_METHODS = ("read", "write", "readline", "readlines", "writelines", "readinto")
PATH_METHODS = (
    *("open", "read_text", "write_text", "read_bytes", "write_bytes"),
    *("exists", "is_file", "is_dir", "stat", "mkdir", "unlink", "rename", "touch"),
)
OS_FUNCTIONS = ("listdir", "remove", "rename", "replace", "makedirs", "mkdir", "rmdir")
SHUTIL_FUNCTIONS = ("copy", "copy2", "copyfile", "copytree", "move", "rmtree", "make_archive")

_open = open
_connect = sqlite3.connect


class BlockingFile:
    """An open file whose content can't be read or written where a loop runs."""

    def __init__(self, world: World, file: Any) -> None:
        self._world, self._file = world, file

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._file, name)
        return self._world.blocking(f"file.{name}", value) if name in FILE_METHODS else value

    def __iter__(self) -> BlockingFile:
        return self

    def __next__(self) -> Any:
        self._world.block("iterating over a file")
        return next(self._file)

    def __enter__(self) -> BlockingFile:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def patch_files(world: World, patches: ExitStack) -> None:
    """Make `open`, pathlib, os and shutil block."""

    def opened(*args: Any, **options: Any) -> BlockingFile:
        world.block("open")
        return BlockingFile(world, _open(*args, **options))

    def path_opened(path: pathlib.Path, *args: Any, **options: Any) -> BlockingFile:
        return opened(path, *args, **options)

    def iterdir(path: pathlib.Path) -> Iterator[pathlib.Path]:
        world.block("Path.iterdir")
        return entries(path)

    def entries(path: pathlib.Path) -> Iterator[pathlib.Path]:
        world.block("iterating over Path.iterdir()")
        yield from sorted(real_iterdir(path))

    real_iterdir = pathlib.Path.iterdir
    patches.enter_context(patch("builtins.open", opened))
    for name in PATH_METHODS:
        method = path_opened if name == "open" else getattr(pathlib.Path, name)
        guarded = _method(world, f"Path.{name}", method)
        patches.enter_context(patch.object(pathlib.Path, name, guarded))
    patches.enter_context(patch.object(pathlib.Path, "iterdir", iterdir))
    for library, names in ((os, OS_FUNCTIONS), (shutil, SHUTIL_FUNCTIONS)):
        for name in names:
            function = world.blocking(f"{library.__name__}.{name}", getattr(library, name))
            patches.enter_context(patch.object(library, name, function))


def patch_sqlite(world: World, patches: ExitStack) -> None:
    """Make sqlite3 block; connections still refuse other threads than their own."""
    names = ("execute", "executemany", "executescript", "fetchone", "fetchall", "fetchmany")
    cursor = _guarded_class(world, sqlite3.Cursor, (*names, "__next__"))
    connection = _guarded_class(world, sqlite3.Connection, (*names[:3], "commit", "__exit__"))

    def new_cursor(self: sqlite3.Connection, factory: Any = cursor) -> sqlite3.Cursor:
        return sqlite3.Connection.cursor(self, factory)

    def connected(*args: Any, **options: Any) -> sqlite3.Connection:
        world.block("sqlite3.connect")
        return _connect(*args, **{"factory": connection, **options})

    connection.cursor = new_cursor
    patches.enter_context(patch.object(sqlite3, "connect", connected))


def _guarded_class(world: World, base: type, names: tuple[str, ...]) -> Any:
    methods = {
        name: _method(world, f"sqlite3 {name}", getattr(base, name))
        for name in names
        if hasattr(base, name)
    }
    return type(base.__name__, (base,), methods)


def _method(world: World, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """A function, so that it binds to its object as the method did."""

    def guarded(self: Any, *args: Any, **options: Any) -> Any:
        world.block(name)
        return method(self, *args, **options)

    return guarded


class Opening:
    """What an asynchronous `open` or `connect` gives: awaitable, and a context manager."""

    def __init__(self, world: World, make: Callable[[], Any]) -> None:
        self._world, self._make = world, make

    async def _made(self) -> Any:
        await self._world.turn()
        self._object = self._make()
        return self._object

    def __await__(self) -> Generator[Any, None, Any]:
        return self._made().__await__()

    async def __aenter__(self) -> Any:
        return await self._made()

    async def __aexit__(self, *error: object) -> None:
        await self._object.close()


class Async:
    """An object whose methods named in `awaited` are coroutines; the others are as they were."""

    awaited: tuple[str, ...] = (*FILE_METHODS, "close", "seek", "tell", "flush")

    def __init__(self, world: World, wrapped: Any) -> None:
        self._world, self._wrapped = world, wrapped

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._wrapped, name)
        if name not in self.awaited:
            return value

        async def call(*args: Any, **options: Any) -> Any:
            await self._world.turn()
            return value(*args, **options)

        return call

    def __aiter__(self) -> Async:
        return self

    async def __anext__(self) -> Any:
        for item in self._wrapped:
            return item
        raise StopAsyncIteration

    async def __aenter__(self) -> Async:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._wrapped.close()


def aiofiles_module(world: World) -> ModuleType:
    """`aiofiles` with `open`."""

    def opened(*args: Any, **options: Any) -> Opening:
        return Opening(world, lambda: Async(world, _open(*args, **options)))

    return module("aiofiles", open=opened)


class AnyioPath(os.PathLike[str]):
    """A path whose methods that touch the disk are coroutines."""

    _world: World

    def __init__(self, *parts: Any) -> None:
        self._path = pathlib.Path(*parts)

    def __fspath__(self) -> str:
        return str(self._path)

    def __str__(self) -> str:
        return str(self._path)

    def __truediv__(self, other: Any) -> AnyioPath:
        return type(self)(self._path / other)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._path, name)
        return type(self)(value) if isinstance(value, pathlib.Path) else value

    async def open(self, *args: Any, **options: Any) -> Async:
        await self._world.turn()
        return Async(self._world, _open(self._path, *args, **options))

    async def iterdir(self) -> AsyncIterator[AnyioPath]:
        for entry in sorted(os.scandir(self._path), key=lambda entry: entry.name):
            yield self / entry.name


def _path_coroutine(name: str) -> Callable[..., Any]:
    async def method(self: AnyioPath, *args: Any, **options: Any) -> Any:
        return await asyncio.to_thread(getattr(self._path, name), *args, **options)

    return method


def anyio_module(world: World) -> ModuleType:
    """`anyio` with `open_file` and `Path`."""
    coroutines = {name: _path_coroutine(name) for name in PATH_METHODS[1:]}
    path = type("Path", (AnyioPath,), {"_world": world, **coroutines})

    async def open_file(name: Any, *args: Any, **options: Any) -> Async:
        return await path(name).open(*args, **options)

    return module("anyio", open_file=open_file, Path=path)


class AsyncCursor(Async):
    awaited = ("execute", "executemany", "fetchone", "fetchall", "fetchmany", "close")


class AsyncConnection(Async):
    awaited = ("commit", "rollback", "close", "executescript")

    def execute(self, *args: Any) -> Opening:
        return Opening(self._world, lambda: AsyncCursor(self._world, self._wrapped.execute(*args)))

    def executemany(self, *args: Any) -> Opening:
        return Opening(
            self._world, lambda: AsyncCursor(self._world, self._wrapped.executemany(*args))
        )

    async def execute_fetchall(self, *args: Any) -> list[Any]:
        await self._world.turn()
        return list(self._wrapped.execute(*args).fetchall())

    @property
    def row_factory(self) -> Any:
        return self._wrapped.row_factory

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._wrapped.row_factory = factory


def aiosqlite_module(world: World) -> ModuleType:
    """`aiosqlite` with `connect`; as in the real one, leaving `async with` closes, uncommitted."""

    def connect(*args: Any, **options: Any) -> Opening:
        return Opening(world, lambda: AsyncConnection(world, _connect(*args, **options)))

    return module(
        "aiosqlite",
        connect=connect,
        Connection=AsyncConnection,
        Row=sqlite3.Row,
        Error=sqlite3.Error,
        IntegrityError=sqlite3.IntegrityError,
        OperationalError=sqlite3.OperationalError,
    )
