"""The indexer: first pass, changes, and indexes that can't be used."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from qwlsp.workspace import filling
from qwlsp.workspace.store import Store
from tests.unit.indexing import Told, calling, database, write

Opener = Callable[..., Told]
PAGE = 4096


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Opens as many indexers as wanted, as several editors do."""
    with ExitStack() as stack:
        yield lambda *roots: stack.enter_context(Told(*roots))


@pytest.fixture
def told(root: Path, opened: Opener) -> Told:
    return opened(root)


def test_the_first_pass_reads_everything(told: Told, root: Path) -> None:
    write(root, "a.py")
    write(root, "b/c.py", "x = 1\nf()\n")
    write(root, "d.md", "# D\n")
    finished = told.start()
    assert told.read == ["a.py", "d.md", "c.py"]
    assert calling(root) == ["a.py", "b/c.py"]
    assert finished.pop("seconds") >= 0
    assert finished == {"files": 3, "lines": 4, "skipped": 0}


def test_progress_counts_files(told: Told, root: Path) -> None:
    for number in range(3):
        write(root, f"{number}.py")
    told.start()
    counted = [
        (message["done"], message["total"]) for message in told.messages if "done" in message
    ]
    assert counted == [(0, 3), (1, 3), (2, 3), (3, 3)]
    told.handle(changed=[])
    assert told.messages == [told.messages[-1]]


def test_the_second_pass_reads_what_is_new(opened: Opener, root: Path) -> None:
    for name in ("same.py", "changed.py", "gone.py", "touched.py", "folder/gone.py"):
        write(root, name)
    opened(root).start()
    write(root, "changed.py", "g(1)\n")
    write(root, "new.py")
    os.utime(root / "touched.py", ns=(1, 1))
    (root / "gone.py").unlink()
    (root / "folder/gone.py").unlink()
    again = opened(root)
    assert again.start()["files"] == 4
    assert again.read == ["changed.py", "new.py", "touched.py"]
    assert calling(root) == ["same.py", "touched.py", "new.py"]
    assert calling(root, "g") == ["changed.py"]
    third = opened(root)
    third.start()
    assert third.read == []


def test_a_file_of_the_same_size_and_another_time_is_compared(
    root: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(root, "a.py", "f()\n")
    told.start()
    os.utime(file, ns=(1, 1))
    with monkeypatch.context() as patched:
        patched.setattr(filling, "contents", None)  # not called
        told.changed(file)
    file.write_text("g()\n")
    told.changed(file)
    assert (calling(root, "f"), calling(root, "g")) == ([], ["a.py"])


def test_changes_are_followed(root: Path, told: Told) -> None:
    write(root, "a.py")
    write(root, "b/c.py")
    told.start()
    new = write(root, "new.py")
    (root / "a.py").unlink()
    told.changed(new, root / "a.py", root / "nothing.py", root.parent / "outside.py")
    assert told.read == ["new.py"]
    assert calling(root) == ["b/c.py", "new.py"]
    (root / "b").rename(root / "d")
    told.changed(root / "b", root / "d")
    assert calling(root) == ["new.py", "d/c.py"]


def test_a_changed_file_that_is_not_to_be_indexed(root: Path, told: Told) -> None:
    told.start()
    paths = ["node_modules/a.js", ".env", "b.txt", "env/c.py", ".hidden/d.py"]
    write(root, "env/pyvenv.cfg")
    assert told.changed(*(write(root, path) for path in paths))["files"] == 0


@pytest.mark.parametrize("rules", [".gitignore", ".git/info/exclude"])
def test_a_change_of_the_rules_changes_the_index(root: Path, told: Told, rules: str) -> None:
    write(root, ".git/HEAD")
    write(root, "a.py")
    write(root, "b.py")
    told.start()
    told.changed(write(root, rules, "a.py\n"))
    assert calling(root) == ["b.py"]
    told.changed(write(root, rules, "b.py\n"))
    assert calling(root) == ["a.py"]


def test_a_folder_that_becomes_an_environment(root: Path, told: Told) -> None:
    write(root, "env/a.py")
    told.start()
    assert told.changed(write(root, "env/pyvenv.cfg"))["files"] == 0


def test_several_roots_have_an_index_each(opened: Opener, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write(one, "a.py")
    write(other, "b.py")
    told = opened(one, other)
    assert told.start()["files"] == 2
    assert told.messages[0]["total"] == 2
    told.changed(write(one, "c.py"), write(other, "d.py"))
    assert calling(one) == ["a.py", "c.py"]
    assert calling(other) == ["b.py", "d.py"]


def test_a_root_in_a_root_is_in_both(opened: Opener, root: Path) -> None:
    write(root, "env/pyvenv.cfg")
    inner = write(root, "env/a.py").parent
    told = opened(root, inner)
    assert told.start()["files"] == 1
    assert calling(inner) == ["a.py"]


def test_no_roots(opened: Opener) -> None:
    finished = opened().start()
    assert (finished["files"], finished["lines"], finished["skipped"]) == (0, 0, 0)


def test_a_root_that_is_not_there(opened: Opener, tmp_path: Path) -> None:
    finished = opened(tmp_path / "nothing").start()
    assert (finished["files"], finished["skipped"]) == (0, 1)


def test_a_root_behind_a_link(opened: Opener, root: Path) -> None:
    file = write(root, "a.py")
    link = root.parent / "link"
    link.symlink_to(root)
    told = opened(link)
    told.start()
    file.write_text("g()\n")
    told.changed(link / "a.py")
    assert calling(root, "g") == ["a.py"]


# Bad indexes.


def damage(path: Path) -> None:
    """Leave only the first page of an index as it is, which alone is read when it is opened."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(PAGE)
        file.write(b"\xff" * (size - PAGE))


def is_said_once(told: Told) -> bool:
    return len(told.said) == 1 and "built anew" in told.said[0]


@pytest.mark.parametrize("garbage", [b"garbage" * 1000, None], ids=["garbage", "damage"])
def test_a_damaged_index_is_built_anew(opened: Opener, root: Path, garbage: bytes | None) -> None:
    write(root, "a.py")
    first = opened(root)
    first.start()
    first.close()
    if garbage is None:
        damage(database(root))
    else:
        database(root).write_bytes(garbage)
    second = opened(root)
    second.start()
    assert is_said_once(second)
    assert calling(root) == ["a.py"]
    third = opened(root)
    third.start()
    assert third.said == []


def test_an_index_that_breaks_while_it_is_used_is_built_anew(
    root: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "a.py")
    told.start()
    put = Store.put
    failures = [sqlite3.DatabaseError("database disk image is malformed")]

    def failing(store: Store, *arguments: Any) -> None:
        if failures:
            raise failures.pop()
        put(store, *arguments)

    monkeypatch.setattr(Store, "put", failing)
    told.changed(write(root, "b.py"))
    assert is_said_once(told)
    assert calling(root) == ["a.py", "b.py"]


@pytest.mark.parametrize("kind", [sqlite3.DatabaseError, sqlite3.OperationalError])
def test_an_index_that_can_not_be_written_is_done_without(
    opened: Opener,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[sqlite3.DatabaseError],
) -> None:
    write(root, "a.py")
    other = write(tmp_path / "other", "b.py").parent
    put = Store.put

    def failing(store: Store, file: Any, *arguments: Any) -> None:
        if file.path == "a.py":
            raise kind("it is broken")
        put(store, file, *arguments)

    monkeypatch.setattr(Store, "put", failing)
    told = opened(root, other)
    assert told.start()["files"] == 1
    assert [sentence for sentence in told.said if "can't be written" in sentence] == told.said[-1:]
    assert calling(other) == ["b.py"]
    told.changed(root / "a.py")
    assert told.said == []


def test_a_folder_in_the_place_of_the_index(root: Path, told: Told) -> None:
    write(root, "a.py")
    database(root).mkdir(parents=True)
    assert told.start()["files"] == 0
    assert len(told.said) == 1


def test_an_index_is_built_anew_when_asked_for(root: Path, told: Told) -> None:
    write(root, "a.py")
    told.start()
    told.handle(rebuild=str(root))
    assert is_said_once(told)
    assert told.read == ["a.py"]
    assert calling(root) == ["a.py"]
