"""The process of the indexer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from qwlsp.workspace.indexer import Message
from tests.processes import all_end
from tests.unit.indexing import Told, calling, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


class Process:
    """The indexer as it is run."""

    def __init__(self) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "qwlsp.workspace.indexer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def send(self, **message: Any) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(json.dumps(message).encode() + b"\n")
        self.popen.stdin.flush()

    def receive(self) -> Message:
        """The next message that ends a piece of work."""
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            message: Message = json.loads(line)
            if "finished" in message:
                return message["finished"]  # type: ignore[no-any-return]
        raise EOFError


@pytest.fixture
def process() -> Iterator[Process]:
    started = Process()
    with started.popen:
        yield started
        started.popen.kill()


def test_the_process_indexes_and_follows(root: Path, process: Process) -> None:
    write(root, "a.py")
    process.send(roots=[str(root)])
    assert process.receive()["files"] == 1
    process.send(changed=[str(write(root, "b.py"))])
    assert process.receive()["files"] == 2
    assert calling(root) == ["a.py", "b.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="other priorities there")
def test_the_process_has_the_lowest_priority(root: Path, process: Process) -> None:
    process.send(roots=[str(root)])
    process.receive()
    running = psutil.Process(process.popen.pid)
    assert running.nice() == 19
    if sys.platform == "linux":
        assert running.ionice().ioclass == psutil.IOPRIO_CLASS_IDLE


def test_the_process_imports_neither_the_engine_nor_the_protocol(process: Process) -> None:
    script = (
        "import sys; import qwlsp.workspace.indexer;"
        "print([name for name in sys.modules if name.partition('.')[0] in"
        " ('llama_cpp', 'pygls', 'lsprotocol', 'numpy', 'rich', 'asyncio')])"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert done.stdout.strip() == b"[]"


@pytest.mark.parametrize("busy", [False, True])
def test_the_process_ends_with_its_input(root: Path, process: Process, busy: bool) -> None:
    for number in range(200 if busy else 1):
        write(root, f"{number}.py", "f()\n" * 2000)
    process.send(roots=[str(root)])
    assert process.popen.stdin is not None
    assert process.popen.stdout is not None
    if busy:
        process.popen.stdout.readline()
    else:
        process.receive()
    process.popen.stdin.close()
    assert all_end([psutil.Process(process.popen.pid)], seconds=10)


def test_half_a_message_ends_the_process(process: Process) -> None:
    assert process.popen.stdin is not None
    process.popen.stdin.write(b'{"roots": [')
    process.popen.stdin.close()
    assert process.popen.wait(10) == 0


def test_what_a_killed_process_wrote_stays(root: Path, process: Process) -> None:
    write(root, "a.py")
    process.send(roots=[str(root)])
    process.receive()
    process.popen.kill()
    process.popen.wait()
    with Told(root) as again:
        again.start()
    assert (again.read, again.said) == ([], [])
    assert calling(root) == ["a.py"]
