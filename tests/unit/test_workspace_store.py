"""The index on disk: what goes in comes out, and a broken file is replaced."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from qwlsp.workspace import store as store_module
from qwlsp.workspace.contents import contents, snapshot
from qwlsp.workspace.ignore import File
from qwlsp.workspace.store import (
    SCHEMA_VERSION,
    Store,
    Totals,
    database_of,
    find_calls,
    find_outline,
    find_words,
    is_damage,
    reading,
    remove,
    remove_unused,
)

T = TypeVar("T")
PAGE = 4096

SHOP = '''\
"""A shop."""
from . import db, taxes as t
import os

LIMIT = 5

@db.table
class Order(Base):
    """What somebody buys."""

    def total(self) -> float:
        """The sum of all prices."""
        return sum(self.prices) + t.tax(self)
'''


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index" / "some.sqlite"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[[], Store]]:
    stores: list[Store] = []

    def open_one() -> Store:
        stores.append(Store(path))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()


def put(store: Store, path: str, text: str, *, mtime_ns: int = 1) -> File:
    file = File(path, len(text), mtime_ns)
    store.put(file, text.encode(), contents(path, snapshot(path, text.encode())))
    return file


def ask(path: Path, question: Callable[[sqlite3.Connection], T]) -> T:
    with reading(path) as connection:
        return question(connection)


def callers(path: Path, name: str, limit: int = 20) -> list[tuple[str, str, int]]:
    rows = ask(path, lambda connection: find_calls(connection, name, limit))
    return [(file.path, call.caller, call.line) for file, call in rows]


def search(path: Path, expression: str, limit: int = 20) -> list[tuple[str, str]]:
    rows = ask(path, lambda connection: find_words(connection, expression, limit))
    return [(row.file.path, row.title) for row in rows]


def test_an_outline_comes_back_as_it_was(store: Store, path: Path) -> None:
    file = put(store, "shop.py", SHOP)
    store.commit()
    expected = snapshot("shop.py", SHOP.encode()).outline
    assert len(expected.definitions) == 3
    assert len(expected.imports) == 3
    assert ask(path, lambda connection: find_outline(connection, file)) == expected


def test_an_outline_is_of_one_version_of_a_file(store: Store, path: Path) -> None:
    file = put(store, "shop.py", SHOP)
    store.commit()
    for other in (
        File("a/shop.py", file.size, file.mtime_ns),
        File(file.path, file.size + 1, file.mtime_ns),
        File(file.path, file.size, file.mtime_ns + 1),
    ):
        assert ask(path, lambda connection, other=other: find_outline(connection, other)) is None


def test_calls_come_file_by_file(store: Store, path: Path) -> None:
    put(store, "b.py", "f()\ndef g():\n    f()\n")
    put(store, "a.py", "class C:\n    def m(self):\n        self.f(1)\n")
    store.commit()
    assert callers(path, "f") == [("b.py", "", 1), ("b.py", "g", 3), ("a.py", "C.m", 3)]
    assert callers(path, "f", limit=2) == [("b.py", "", 1), ("b.py", "g", 3)]
    assert callers(path, "F") == []


def test_words_are_found_in_names_docstrings_and_comments(store: Store, path: Path) -> None:
    put(store, "shop.py", SHOP)
    put(store, "README.md", "# Payment\nHow orders are paid.\n")
    store.commit()
    assert search(path, '"total"') == [("shop.py", "Order.total")]
    assert search(path, '"prices"') == [("shop.py", "Order.total")]
    assert search(path, '"paying" OR "paid"') == [("README.md", "Payment")]
    assert search(path, '"nothing"') == []


def test_a_name_counts_more_than_a_docstring(store: Store, path: Path) -> None:
    put(store, "a.py", 'def f():\n    """Pays a bill, and a bill."""\n')
    put(store, "b.py", "def bill():\n    pass\n")
    store.commit()
    assert search(path, '"bill"') == [("b.py", "bill"), ("a.py", "f")]
    assert search(path, '"bill"', limit=1) == [("b.py", "bill")]


def test_a_changed_file_leaves_nothing_of_the_old_one(store: Store, path: Path) -> None:
    old = put(store, "a.py", "import x\ndef old():\n    '''Gone.'''\n    before()\n")
    put(store, "b.py", "def other():\n    before()\n")
    new = put(store, "a.py", "def new():\n    after()\n", mtime_ns=2)
    store.commit()
    assert ask(path, lambda connection: find_outline(connection, old)) is None
    outline = ask(path, lambda connection: find_outline(connection, new))
    assert outline is not None
    assert [each.name for each in outline.definitions] == ["new"]
    assert outline.imports == ()
    assert callers(path, "before") == [("b.py", "other", 2)]
    assert callers(path, "after") == [("a.py", "new", 2)]
    assert search(path, '"old" OR "gone"') == []
    assert search(path, '"new"') == [("a.py", "new")]


def test_removing_a_file_or_a_folder(store: Store, path: Path) -> None:
    for name in ("a.py", "a/b.py", "a/c/d.py", "a.b.py", "a0.py", "b.py"):
        put(store, name, "f()\n")
    store.remove("a")
    store.commit()
    assert store.paths() == ["a.b.py", "a.py", "a0.py", "b.py"]
    store.remove("a.py")
    store.remove("nothing")
    store.commit()
    assert [file for file, _, _ in callers(path, "f")] == ["a.b.py", "a0.py", "b.py"]
    assert store.totals() == Totals(files=3, lines=3)


def test_a_removed_index_row_makes_place_for_another(store: Store, path: Path) -> None:
    put(store, "a.py", "f()\n")
    store.remove("a.py")
    put(store, "b.py", "g()\n")
    store.commit()
    assert callers(path, "f") == []
    assert callers(path, "g") == [("b.py", "", 1)]


def test_the_version_and_the_digest_of_a_file(store: Store) -> None:
    file = put(store, "a.py", "f()\n")
    assert store.file("a.py") == (file, b"f()\n")
    store.touch(File("a.py", 4, 99))
    assert store.file("a.py") == (File("a.py", 4, 99), b"f()\n")
    assert store.file("b.py") is None


def test_nothing_is_seen_before_it_is_committed(store: Store, path: Path) -> None:
    put(store, "a.py", "f()\n")
    assert callers(path, "f") == []
    store.commit()
    assert callers(path, "f") != []


def test_what_was_not_committed_is_lost_without_harm(
    opened: Callable[[], Store], path: Path
) -> None:
    first = opened()
    put(first, "a.py", "f()\n")
    first.commit()
    put(first, "b.py", "f()\n")
    first.close()
    second = opened()
    assert not second.replaced
    assert second.paths() == ["a.py"]


def test_names_that_are_no_text(store: Store, path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py") if os.name == "posix" else "café.py"
    file = put(store, name, "def f(): g()\n")
    store.commit()
    assert store.paths() == [name]
    assert ask(path, lambda connection: find_outline(connection, file)) is not None
    assert [found for found, _, _ in callers(path, "g")] == [name]
    assert search(path, '"f"')[0][0] == name


def test_text_with_a_nul(store: Store, path: Path) -> None:
    text = "x" * 9000 + "\ndef f():\n    '''a\0b'''\n"
    file = put(store, "a.py", text)
    store.commit()
    outline = ask(path, lambda connection: find_outline(connection, file))
    assert outline == snapshot("a.py", text.encode()).outline


def test_two_writers_take_turns(opened: Callable[[], Store], path: Path) -> None:
    first, second = opened(), opened()
    for number in range(10):
        put(first, f"a{number}.py", "f()\n")
        first.commit()
        put(second, f"b{number}.py", "f()\n")
        second.commit()
    assert len(callers(path, "f")) == 20


def test_the_folder_is_for_nobody_else(store: Store, path: Path) -> None:
    assert path.parent.stat().st_mode & 0o077 == 0


def test_each_root_has_its_own_file(tmp_path: Path) -> None:
    files = {
        database_of(tmp_path, tmp_path / name) for name in ("a", "b", "a/b", os.fsdecode(b"\xff"))
    }
    assert len(files) == 4
    assert all(file.parent == tmp_path for file in files)


def test_an_index_that_nobody_opens_is_removed(opened: Callable[[], Store], path: Path) -> None:
    others = [path.with_name(name) for name in ("old.sqlite", "old.sqlite-wal", "other.txt")]
    opened()
    for file in others:
        file.touch()
        os.utime(file, (1, 1))
    os.utime(path, (1, 1))
    opened()
    remove_unused(path.parent)
    assert path.exists()
    assert [file.exists() for file in others] == [False, False, True]
    remove_unused(path.parent / "nothing")


# Files that can't be used.


def fill(store: Store) -> None:
    for number in range(30):
        put(store, f"{number}.py", f"def f{number}():\n    '''{'word ' * 500}'''\n    g()\n")
    store.commit()


def is_replaced_and_works(opened: Callable[[], Store]) -> bool:
    store = opened()
    put(store, "new.py", "f()\n")
    store.commit()
    return store.replaced and store.paths() == ["new.py"]


GARBAGE = [b"g" * 600, b"garbage" * 5000, b"SQLite format 3\0" + b"\xff" * 5000]


@pytest.mark.parametrize("garbage", GARBAGE, ids=len)
def test_garbage_is_replaced(opened: Callable[[], Store], path: Path, garbage: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(garbage)
    assert is_replaced_and_works(opened)


@pytest.mark.parametrize("part", [0.3, 0.9])
def test_half_a_file_is_replaced(opened: Callable[[], Store], path: Path, part: float) -> None:
    first = opened()
    fill(first)
    first.close()
    os.truncate(path, int(path.stat().st_size * part) // PAGE * PAGE)
    assert is_replaced_and_works(opened)


def test_a_damaged_page_is_noticed(opened: Callable[[], Store], path: Path) -> None:
    first = opened()
    fill(first)
    first.close()
    with path.open("r+b") as file:  # all but the first page, which alone is read when it is opened
        file.seek(PAGE)
        file.write(b"\xff" * (path.stat().st_size - PAGE))
    assert is_replaced_and_works(opened)


def test_another_versions_file_is_replaced(opened: Callable[[], Store], path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE files (number INTEGER)")
    other.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    other.commit()
    other.close()
    assert is_replaced_and_works(opened)


def test_a_log_of_a_removed_file_does_no_harm(opened: Callable[[], Store], path: Path) -> None:
    first = opened()
    fill(first)
    log = path.with_name(path.name + "-wal")
    saved = log.read_bytes()
    first.close()
    remove(path)
    log.write_bytes(saved)
    store = opened()
    assert not store.replaced
    assert store.paths() == []


@pytest.mark.parametrize("content", [b"", b"g"])
def test_an_empty_file_is_used(opened: Callable[[], Store], path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    store = opened()
    assert not store.replaced
    assert store.paths() == []


def test_a_locked_file_is_not_taken_for_a_damaged_one(
    opened: Callable[[], Store], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "WRITE_SECONDS", 0)
    first, second = opened(), opened()
    put(first, "a.py", "f()\n")
    with pytest.raises(sqlite3.OperationalError) as caught:
        put(second, "b.py", "f()\n")
    assert not is_damage(caught.value)


def test_a_folder_in_the_files_place_is_left_alone(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(sqlite3.OperationalError):
        Store(path)
    assert path.is_dir()


def len_or_none(garbage: bytes | None) -> str:
    return "no file" if garbage is None else str(len(garbage))


@pytest.mark.parametrize("garbage", [None, b"", *GARBAGE], ids=len_or_none)
def test_reading_what_is_no_index(path: Path, garbage: bytes | None) -> None:
    path.parent.mkdir()
    if garbage is not None:
        path.write_bytes(garbage)
    with pytest.raises(sqlite3.DatabaseError) as caught, reading(path):
        pass
    assert is_damage(caught.value) is (garbage in GARBAGE)
    assert path.exists() is (garbage is not None)
