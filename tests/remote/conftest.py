"""Engines that are closed after the test, each for a server of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from qwlsp.remote import transport
from qwlsp.remote.engine import RemoteEngine
from qwlsp.remote.server import ServerConfig

pytest.register_assert_rewrite("tests.contract", "tests.remote.asking")

from tests.remote.asking import EngineFor  # noqa: E402
from tests.remote.servers import Server  # noqa: E402


@pytest.fixture
async def engine_for() -> AsyncIterator[EngineFor]:
    """Makes an engine for a server or an address; the rest is the ServerConfig's."""
    made: list[RemoteEngine] = []

    def make(server: Server | str, **config: Any) -> RemoteEngine:
        base_url = server if isinstance(server, str) else server.base_url
        engine = RemoteEngine(ServerConfig(base_url=base_url, **{"timeout": 20.0, **config}))
        made.append(engine)
        return engine

    yield make
    for engine in made:
        await engine.close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the transport would have waited for before it asked again; it does not wait."""
    paused: list[float] = []

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr(transport, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    return paused
