"""The world that example programs run in: no waiting, no network, and nothing may block a loop.

`faked()` puts fakes in the place of what blocks and of what async programs use instead. Both do the
same and record the same, in order. A fake that blocks raises `AssertionError` in a thread that
runs an event loop: so a call that should have become async and did not is noticed.
"""

from __future__ import annotations

import asyncio
import builtins
import queue
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures.thread import ThreadPoolExecutor  # loads the real `threading`
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from functools import partial
from types import ModuleType
from typing import Any
from unittest.mock import patch

from tests.make_async.fake_clients import aiohttp_modules, httpx_modules
from tests.make_async.fake_files import (
    aiofiles_module,
    aiosqlite_module,
    anyio_module,
    patch_files,
    patch_sqlite,
)
from tests.make_async.fake_processes import patch_processes, patch_sockets
from tests.make_async.fake_web import module, requests_modules, urlopen

_run, _sleep = asyncio.run, asyncio.sleep


class World:
    """What happened while a program ran.

    `effects` is what it did, in order: `("sleep", seconds)`, `("GET", url)`, `("POST", url, sent)`,
    `("process", command)`, `("connect", host, port)`, `("send", text)`, `("input", prompt)`;
    `blocked` names the blocking calls made in a thread that runs a loop.
    """

    def __init__(self, typed: Iterable[str] = ()) -> None:
        self.effects: list[tuple[Any, ...]] = []
        self.blocked: list[str] = []
        self.typed = iter(typed)

    def record(self, *effect: Any) -> None:
        self.effects.append(effect)

    def block(self, name: str) -> None:
        """Say that a call of `name` blocks. Raises `AssertionError` where a loop runs."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self.blocked.append(name)
        raise AssertionError(f"{name} blocks the event loop")

    def blocking(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which blocks."""

        def guarded(*args: Any, **options: Any) -> Any:
            self.block(name)
            return function(*args, **options)

        return guarded

    async def turn(self) -> None:
        """Let other tasks run, as whatever waits does."""
        await _sleep(0)


@contextmanager
def faked(typed: Iterable[str] = ()) -> Iterator[World]:
    """Run programs in a world of their own; `typed` are the answers that `input` gets."""
    world = World(typed)
    modules = {
        **requests_modules(world),
        **httpx_modules(world),
        **aiohttp_modules(world),
        "aiofiles": aiofiles_module(world),
        "anyio": anyio_module(world),
        "aiosqlite": aiosqlite_module(world),
        "threading": _threading(world),
        "queue": _queue(world),
    }
    with ExitStack() as patches:
        patches.enter_context(patch.dict(sys.modules, modules))
        patches.enter_context(patch("urllib.request.urlopen", urlopen(world)))
        _patch_waiting(world, patches)
        patch_processes(world, patches)
        patch_sockets(world, patches)
        patch_files(world, patches)
        patch_sqlite(world, patches)
        yield world


def _patch_waiting(world: World, patches: ExitStack) -> None:
    def sleep(seconds: float) -> None:
        world.block("time.sleep")
        world.record("sleep", seconds)

    async def async_sleep(seconds: float, result: Any = None) -> Any:
        world.record("sleep", seconds)
        await world.turn()
        return result

    async def to_thread(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        # A thread for each call: with the usual pool it would depend on luck whether two calls
        # share one, and so whether a connection of sqlite3 refuses the second.
        call = partial(copy_context().run, function, *args, **options)
        with ThreadPoolExecutor(max_workers=1) as thread:
            return await asyncio.get_running_loop().run_in_executor(thread, call)

    def run(coroutine: Coroutine[Any, Any, Any], **options: Any) -> Any:
        try:
            world.block("asyncio.run")
        except AssertionError:
            coroutine.close()
            raise
        return _run(coroutine, **options)

    def ask(prompt: str = "") -> str:
        world.block("input")
        world.record("input", prompt)
        return next(world.typed)

    patches.enter_context(patch.object(time, "sleep", sleep))
    patches.enter_context(patch.object(asyncio, "run", run))
    patches.enter_context(patch.object(asyncio, "sleep", async_sleep))
    patches.enter_context(patch.object(asyncio, "to_thread", to_thread))
    patches.enter_context(patch.object(builtins, "input", ask))


def _threading(world: World) -> ModuleType:
    """`threading` for the program alone; a lock that is free may be taken where a loop runs."""

    class Lock:
        def __init__(self, count: int = 1) -> None:
            self._semaphore = threading.Semaphore(count)

        def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
            if self._semaphore.acquire(blocking=False):
                return True
            if not blocking:
                return False
            world.block("waiting for a lock")
            return self._semaphore.acquire(timeout=None if timeout == -1 else timeout)

        def release(self) -> None:
            self._semaphore.release()

        def locked(self) -> bool:
            free = self._semaphore.acquire(blocking=False)
            if free:
                self._semaphore.release()
            return not free

        def __enter__(self) -> bool:
            return self.acquire()

        def __exit__(self, *error: object) -> None:
            self.release()

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            world.block("Event.wait")
            return super().wait(timeout)

    class Thread(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            world.block("Thread.join")
            super().join(timeout)

    replaced = {"Lock": Lock, "Semaphore": Lock, "Event": Event, "Thread": Thread}
    return module("threading", **{**vars(threading), **replaced})


def _queue(world: World) -> ModuleType:
    """`queue` for the program alone."""

    class Queue(queue.Queue):  # type: ignore[type-arg]
        def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
            if block and self.full():
                world.block("Queue.put")
            super().put(item, block, timeout)

        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            if block:
                world.block("Queue.get")
            return super().get(block, timeout)

        def join(self) -> None:
            world.block("Queue.join")
            super().join()

    return module("queue", **{**vars(queue), "Queue": Queue})
