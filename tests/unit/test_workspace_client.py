"""The server's side of the indexer."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from qwlsp.workspace import client
from qwlsp.workspace.client import Indexer, index
from tests.processes import all_end
from tests.unit.indexing import calling, write

SECONDS = 20.0
"""Longer than anything here takes."""

ECHO = (
    "import sys\nfor line in sys.stdin: print(__import__('json').dumps({'said': line}), flush=True)"
)


class Heard:
    """What an indexer tells of; each can be waited for."""

    def __init__(self) -> None:
        self.progress: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        self.said: asyncio.Queue[str] = asyncio.Queue()

    def indexer(self, *roots: Path) -> Indexer:
        return Indexer(
            roots,
            on_progress=lambda done, total: self.progress.put_nowait((done, total)),
            on_said=self.said.put_nowait,
        )

    async def all_read(self) -> None:
        while True:
            done, total = await asyncio.wait_for(self.progress.get(), SECONDS)
            if done == total:
                return

    async def sentence(self) -> str:
        return await asyncio.wait_for(self.said.get(), SECONDS)

    async def echoed(self) -> Any:
        """A message that the process was sent and sent back."""
        return json.loads(await self.sentence())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "root", "a.py").parent


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def indexer(root: Path, heard: Heard) -> AsyncIterator[Indexer]:
    made = heard.indexer(root)
    yield made
    await made.close()


@pytest.fixture
def run_instead(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has another script run as the indexer."""

    def patch(script: str) -> None:
        monkeypatch.setattr(client, "COMMAND", (sys.executable, "-c", script))

    return patch


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "QUIET_SECONDS", 0.02)


async def test_it_indexes_and_follows(root: Path, heard: Heard, indexer: Indexer) -> None:
    indexer.start()
    await heard.all_read()
    await asyncio.wait_for(indexer.rest(), SECONDS)
    indexer.changed([str(write(root, "b.py"))])
    await heard.all_read()
    assert calling(root) == ["a.py", "b.py"]


async def test_indexing_once(root: Path) -> None:
    told: list[tuple[int, int]] = []
    await index(root, lambda done, total: told.append((done, total)))
    assert calling(root) == ["a.py"]
    assert told[-1] == (1, 1)
    await index(root, lambda done, total: told.append((done, total)))
    assert told[-1] == (1, 1)


async def test_without_roots_there_is_no_process(heard: Heard) -> None:
    indexer = heard.indexer()
    indexer.start()
    await asyncio.sleep(0)
    assert indexer.pid is None
    await indexer.close()


async def test_closing_ends_the_process(heard: Heard, indexer: Indexer) -> None:
    indexer.start()
    await heard.all_read()
    assert indexer.pid is not None
    running = psutil.Process(indexer.pid)
    await indexer.close()
    assert indexer.pid is None
    assert all_end([running], SECONDS)


async def test_closing_what_has_not_started_or_is_closed(indexer: Indexer) -> None:
    await indexer.close()
    indexer.start()
    await indexer.close()
    await indexer.close()


async def test_changes_while_there_is_no_process_are_forgotten(indexer: Indexer) -> None:
    indexer.changed(["a.py"])
    await asyncio.sleep(0.05)
    indexer.rebuild(Path("/root"))
    assert indexer.pid is None


async def test_changes_are_sent_together(
    root: Path, heard: Heard, indexer: Indexer, run_instead: Callable[[str], None]
) -> None:
    run_instead(ECHO)
    indexer.start()
    assert await heard.echoed() == {"roots": [str(root)], "avoid": []}
    indexer.changed(["/a.py", "/b.py"])
    indexer.changed(["/b.py"])
    indexer.changed([os.fsdecode(b"/caf\xe9.py"), "/a.py"])
    assert await heard.echoed() == {"changed": ["/a.py", "/b.py", os.fsdecode(b"/caf\xe9.py")]}


async def test_an_index_to_rebuild_is_remembered_until_there_is_a_process(
    heard: Heard, indexer: Indexer, run_instead: Callable[[str], None]
) -> None:
    run_instead(ECHO)
    indexer.rebuild(Path("/one"))
    indexer.start()
    assert "roots" in await heard.echoed()
    assert await heard.echoed() == {"rebuild": "/one"}
    indexer.rebuild(Path("/two"))
    assert await heard.echoed() == {"rebuild": "/two"}


DIES = "import json\nmessage = json.loads(input())\n"


async def test_a_file_that_kills_the_process_is_avoided(
    heard: Heard,
    indexer: Indexer,
    run_instead: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "RESTART_SECONDS", 0)
    run_instead(
        f"{DIES}number = len(message['avoid'])\n"
        "print(json.dumps({'said': json.dumps(message['avoid'])}))\n"
        "print(json.dumps({'done': number, 'total': 9, 'file': f'/{number}.py'}))"
    )
    indexer.start()
    for avoided in ([], ["/0.py"], ["/0.py", "/1.py"]):
        assert json.loads(await heard.sentence()) == avoided
        assert (await heard.sentence()).startswith(f"/{len(avoided)}.py can't be indexed")


async def test_a_process_that_dies_between_files_avoids_none(
    heard: Heard,
    indexer: Indexer,
    run_instead: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "RESTART_SECONDS", 0)
    run_instead(
        f"{DIES}print(json.dumps({{'done': 0, 'total': 1, 'file': '/a.py'}}))\n"
        "print(json.dumps({'done': 1, 'total': 1}))\n"
        "print(json.dumps({'said': json.dumps(message['avoid'])}))"
    )
    indexer.start()
    assert [await heard.sentence() for _ in range(3)] == ["[]"] * 3


async def test_it_is_started_again_after_a_minute(
    heard: Heard, root: Path, run_instead: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.Event().wait()

    run_instead("pass")
    indexer = heard.indexer(root)
    with monkeypatch.context() as patched:
        patched.setattr(client.asyncio, "sleep", sleep)
        indexer.start()
        await asyncio.wait_for(indexer.rest(), SECONDS)
        await indexer.close()
    assert len(slept) == 1
    assert client.RESTART_SECONDS - SECONDS < slept[0] <= client.RESTART_SECONDS


async def test_what_waits_for_a_process_that_dies_goes_on(
    root: Path, run_instead: Callable[[str], None]
) -> None:
    run_instead("pass")
    await asyncio.wait_for(index(root, lambda done, total: None), SECONDS)


async def test_a_process_that_can_not_be_started(
    heard: Heard, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "COMMAND", ("/nothing/there",))
    indexer.start()
    await asyncio.wait_for(indexer.rest(), SECONDS)
    assert "can't be indexed" in await heard.sentence()


@pytest.mark.parametrize(
    "script",
    [
        "",
        "print('nonsense', flush=True)",
        "print('x' * 1_000_000, flush=True)",
    ],
    ids=["no end", "nonsense", "much nonsense"],
)
async def test_a_process_that_does_not_end_is_ended(
    heard: Heard,
    root: Path,
    run_instead: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    script: str,
) -> None:
    monkeypatch.setattr(client, "EXIT_GRACE", 0.05)
    run_instead(
        "import json, os, time\n"
        f"print(json.dumps({{'said': str(os.getpid())}}), flush=True)\n{script}\ntime.sleep(100)"
    )
    indexer = heard.indexer(root)
    indexer.start()
    running = psutil.Process(int(await heard.sentence()))
    await indexer.close()
    assert all_end([running], SECONDS)
