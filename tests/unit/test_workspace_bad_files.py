"""Files that the indexer must survive, and those that it must not read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qwlsp.home import index_folder
from qwlsp.workspace import filling
from qwlsp.workspace.ignore import MAX_BYTES
from tests.unit.indexing import Told, calling, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def told(root: Path) -> Iterator[Told]:
    with Told(root) as started:
        yield started


def test_secrets_are_nowhere_in_the_index(root: Path, told: Told) -> None:
    secret = "hunter2correcthorse"
    for name in (".env", ".env.py", "credentials.py", "id_rsa.md", "key.pem", ".git/hidden.py"):
        write(root, name, f"password = '{secret}'\n")
    write(root, "ignored/local.py", f"'''{secret}'''\n")
    write(root, ".gitignore", "ignored/\n")
    (root / "link.py").symlink_to(".env.py")
    write(root, "visible.py", "'''somethingelse'''\n")
    told.start()
    told.changed(*root.rglob("*"))
    stored = b"".join(file.read_bytes() for file in index_folder().iterdir())
    assert b"somethingelse" in stored
    assert secret.encode() not in stored


def test_an_unreadable_folder_is_counted(
    root: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "a.py")
    write(root, "b/c.py")
    scandir = os.scandir

    def guarded(path: str) -> Any:
        if path.endswith("/b"):
            raise PermissionError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert told.start()["skipped"] == 1
    assert calling(root) == ["a.py"]


def test_an_unreadable_file_is_counted_until_it_can_be_read(
    root: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "a.py")
    file = write(root, "b.py")
    read = filling._read

    def guarded(path: str, file: Any) -> Any:
        if path.endswith("b.py"):
            raise PermissionError(path)
        return read(path, file)

    with monkeypatch.context() as patched:
        patched.setattr(filling, "_read", guarded)
        assert told.start()["skipped"] == 1
    assert calling(root) == ["a.py"]
    assert told.changed(file)["skipped"] == 0
    assert calling(root) == ["a.py", "b.py"]


def test_a_file_that_vanishes_before_it_is_read(
    root: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "a.py")
    write(root, "b.py")
    write(root, "c.py")
    read = filling._read

    def and_remove(path: str, file: Any) -> Any:
        if path.endswith("b.py"):
            Path(path).unlink()
        return read(path, file)

    monkeypatch.setattr(filling, "_read", and_remove)
    assert told.start()["files"] == 2
    assert calling(root) == ["a.py", "c.py"]


def test_a_file_that_changes_while_it_is_read_is_read_again(
    root: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(root, "a.py", "f()\n")
    read = filling._read

    def and_change(path: str, version: Any) -> Any:
        found = read(path, version)
        file.write_text("g(1, 2)\n")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(filling, "_read", and_change)
        told.start()
    assert calling(root, "f") == ["a.py"]
    told.changed(file)
    assert told.read == ["a.py"]
    assert (calling(root, "f"), calling(root, "g")) == ([], ["a.py"])


def test_files_that_are_too_large_or_binary_are_counted(root: Path, told: Told) -> None:
    write(root, "largest.py", b"f()\n" + b"#" * (MAX_BYTES - 4))
    write(root, "larger.py", b"f()\n" + b"#" * (MAX_BYTES - 3))
    write(root, "binary.py", b"f()\n\0")
    assert told.start()["skipped"] == 2
    assert calling(root) == ["largest.py"]


@pytest.mark.parametrize("now", [b"#" * (MAX_BYTES + 1), b"\0"], ids=["too large", "binary"])
def test_a_file_that_can_be_indexed_no_longer(root: Path, told: Told, now: bytes) -> None:
    file = write(root, "a.py")
    told.start()
    file.write_bytes(now)
    finished = told.changed(file)
    assert (finished["files"], finished["skipped"]) == (0, 1)


def test_imports_in_a_circle_and_links_in_a_circle(root: Path, told: Told) -> None:
    write(root, "a.py", "import b\nf()\n")
    write(root, "b.py", "import a\nimport b\nf()\n")
    (root / "loop").symlink_to(root)
    assert told.start()["files"] == 2


@pytest.mark.slow
def test_large_and_deep_files(root: Path, told: Told) -> None:
    write(root, "lines.py", "x = 1\n" * 100_000 + "f()\n")
    write(root, "line.py", "x = '" + "y" * (MAX_BYTES - 100) + "'; f()\n")
    write(root, "deep.py", "".join(" " * n + "if x:\n" for n in range(1000)) + " " * 1000 + "f()\n")
    write(root, "brackets.py", "f(" + "[" * 1000 + "]" * 1000 + ")\n")
    write(root, "deeper.js", "{a:" * 300_000)
    write(root, "line.md", "word " * 200_000)
    assert told.start() | {"seconds": 0, "lines": 0} == {
        "files": 6,
        "lines": 0,
        "skipped": 0,
        "seconds": 0,
    }
    assert calling(root) == ["brackets.py", "deep.py", "line.py", "lines.py"]


def test_an_error_in_one_file_costs_no_other(
    root: Path, told: Told, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.py", "b.py", "c.py"):
        write(root, name)
    contents = filling.contents

    def failing(path: str, snapshot: Any) -> Any:
        if path == "b.py":
            raise RecursionError("too deep")
        return contents(path, snapshot)

    monkeypatch.setattr(filling, "contents", failing)
    assert told.start()["skipped"] == 1
    assert calling(root) == ["a.py", "c.py"]
    assert "b.py can't be indexed: RecursionError('too deep')" in capsys.readouterr().err


def test_a_file_to_avoid_is_known_and_not_looked_into(root: Path, told: Told) -> None:
    write(root, "a.py")
    file = write(root, "b.py")
    assert told.start(avoid=[str(file)])["files"] == 2
    assert calling(root) == ["a.py"]


def test_more_files_than_an_index_takes(
    root: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "MAX_FILES", 2)
    for name in ("a.py", "b.py", "c.py"):
        write(root, name)
    assert told.start()["files"] == 2
    assert len(told.said) == 1
