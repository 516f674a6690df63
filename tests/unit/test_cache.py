"""The cache of answers: found again, bounded, and never in the way."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qwlsp import cache as cache_module
from qwlsp.cache import SCHEMA_VERSION, AnswerCache, digest

Opener = Callable[[], AnswerCache]
PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "answers.sqlite"


@pytest.fixture
def opened(path: Path) -> Iterator[Opener]:
    """Opens the file as often as wanted, as several editors do."""
    caches: list[AnswerCache] = []

    def open_one() -> AnswerCache:
        caches.append(AnswerCache(path))
        return caches[-1]

    yield open_one
    for cache in caches:
        cache.close()


@pytest.fixture
def cache(opened: Opener) -> AnswerCache:
    return opened()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a second whenever somebody looks."""
    monkeypatch.setattr(cache_module.time, "time", itertools.count(1_000_000).__next__)


def answer(text: str) -> dict[str, str]:
    return {"markdown": text}


def fill(cache: AnswerCache, count: int, size: int = 1) -> None:
    for number in range(count):
        cache.put(f"key {number}", f"subject {number}", answer(f"{number}" * size))


def works(cache: AnswerCache) -> bool:
    cache.put("works", "subject", answer("it does"))
    return cache.get("works") == answer("it does")


def test_an_answer_is_found_again(cache: AnswerCache) -> None:
    cache.put("key", "subject", answer("Text\0 with 🙂 and \ud800."))
    assert cache.get("key") == answer("Text\0 with 🙂 and \ud800.")


def test_what_was_never_asked_is_not_found(cache: AnswerCache) -> None:
    assert cache.get("key") is None
    cache.put("key", "subject", answer("x"))
    assert cache.get("subject") is None
    assert cache.latest("key") is None


def test_answers_survive_a_restart(opened: Opener) -> None:
    first = opened()
    first.put("key", "subject", answer("x"))
    first.close()
    assert opened().get("key") == answer("x")


def test_a_closed_cache_opens_again(cache: AnswerCache) -> None:
    cache.put("key", "subject", answer("x"))
    cache.close()
    assert cache.get("key") == answer("x")


def test_the_folder_is_for_nobody_else(cache: AnswerCache, path: Path) -> None:
    assert works(cache)
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("clock")
def test_the_latest_answer_about_a_subject(cache: AnswerCache) -> None:
    for key in ("a", "b", "c"):
        cache.put(key, "subject", answer(key))
    cache.put("d", "another subject", answer("d"))
    assert cache.latest("subject") == answer("c")


@pytest.mark.usefixtures("clock")
def test_an_answer_given_again_replaces_the_first_and_is_the_latest(cache: AnswerCache) -> None:
    cache.put("a", "subject", answer("old"))
    cache.put("b", "subject", answer("b"))
    cache.put("a", "subject", answer("new"))
    assert cache.get("a") == cache.latest("subject") == answer("new")


@pytest.mark.usefixtures("clock")
def test_the_oldest_answers_are_dropped(
    cache: AnswerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "MAX_ANSWERS", 3)
    fill(cache, 5)
    kept = [number for number in range(5) if cache.get(f"key {number}")]
    assert kept == [2, 3, 4]


def test_another_connection_sees_an_answer_at_once(opened: Opener) -> None:
    first, second = opened(), opened()
    assert works(first)
    assert works(second)
    first.put("key", "subject", answer("x"))
    assert second.get("key") == answer("x")


def test_two_processes_share_the_file(opened: Opener, path: Path) -> None:
    ours = opened()
    script = (
        "import sys; from pathlib import Path; from qwlsp.cache import AnswerCache\n"
        "cache = AnswerCache(Path(sys.argv[1])); print('ready', flush=True); input()\n"
        "for n in range(100): cache.put(f'theirs {n}', 's', {'n': n})\n"
        "cache.close()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        for number in range(100):
            ours.put(f"ours {number}", "s", {"n": number})
    assert process.returncode == 0
    found = [ours.get(f"{who} {n}") for who in ("ours", "theirs") for n in range(100)]
    assert found == [{"n": n} for n in range(100)] * 2


def test_a_locked_file_is_done_without_and_left_alone(
    opened: Opener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "BUSY_SECONDS", 0)
    first = opened()
    first.put("key", "subject", answer("x"))
    first.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    second = opened()
    assert second.get("key") is None
    second.put("another", "subject", answer("y"))
    other.close()
    assert opened().get("key") == answer("x")


@pytest.mark.parametrize(
    "garbage", [b"g", b"garbage" * 5000, b"SQLite format 3\0" + b"\xff" * 5000], ids=len
)
def test_garbage_is_replaced(cache: AnswerCache, path: Path, garbage: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(garbage)
    assert works(cache)


def test_an_empty_file_is_used(cache: AnswerCache, path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert works(cache)


@pytest.mark.parametrize("read_first", [True, False])
def test_a_file_that_breaks_later_is_replaced(opened: Opener, path: Path, read_first: bool) -> None:
    first = opened()
    fill(first, 20, size=PAGE)
    first.close()
    size = path.stat().st_size
    with path.open("r+b") as file:  # all but the first page, which alone is read when it is opened
        file.seek(PAGE)
        file.write(b"\xff" * (size - PAGE))
    cache = opened()
    if read_first:
        assert cache.get("key 3") is None
    else:
        cache.put("key 3", "subject", answer("new"))
    assert works(cache)


def test_half_a_file_is_replaced(opened: Opener, path: Path) -> None:
    first = opened()
    fill(first, 20, size=PAGE)
    first.close()
    os.truncate(path, PAGE * 2)
    cache = opened()
    cache.get("key 3")
    assert works(cache)


def test_another_versions_file_is_replaced(cache: AnswerCache, path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE answers (number INTEGER)")
    other.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    other.commit()
    other.close()
    assert works(cache)


@pytest.mark.parametrize("stored", ["{", "3", "null", '["x"]', ""])
def test_a_broken_answer_counts_as_none(cache: AnswerCache, path: Path, stored: str) -> None:
    fill(cache, 2)
    other = sqlite3.connect(path)
    other.execute("UPDATE answers SET answer = ? WHERE key = 'key 0'", (stored,))
    other.commit()
    other.close()
    assert cache.get("key 0") is None
    assert cache.latest("subject 0") is None
    assert cache.get("key 1") == answer("1")
    cache.put("key 0", "subject", answer("new"))
    assert cache.get("key 0") == answer("new")


def check_done_without(cache: AnswerCache) -> None:
    cache.put("key", "subject", answer("x"))
    assert cache.get("key") is None
    assert cache.latest("subject") is None
    cache.close()


def test_a_folder_in_the_files_place_is_done_without(cache: AnswerCache, path: Path) -> None:
    path.mkdir(parents=True)
    check_done_without(cache)
    assert path.is_dir()


def test_a_file_in_the_folders_place_is_done_without(cache: AnswerCache, path: Path) -> None:
    path.parent.write_text("not a folder")
    check_done_without(cache)
    assert path.parent.read_text() == "not a folder"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_read_only_folder_is_done_without(cache: AnswerCache, path: Path) -> None:
    path.parent.mkdir(mode=0o500)
    check_done_without(cache)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_read_only_file_is_left_alone(opened: Opener, path: Path) -> None:
    first = opened()
    fill(first, 1)
    first.close()
    path.chmod(0o400)
    opened().put("key", "subject", answer("x"))
    path.chmod(0o600)
    assert opened().get("key 0") == answer("0")


def test_a_full_disk_is_done_without(cache: AnswerCache, path: Path) -> None:
    fill(cache, 2)
    assert cache._connection is not None
    [[pages]] = cache._connection.execute("PRAGMA page_count")
    cache._connection.execute(f"PRAGMA max_page_count={pages}")
    cache.put("big", "subject", answer("x" * PAGE * 100))
    assert cache.get("big") is None
    assert json.loads(sqlite_first(path, "SELECT answer FROM answers")) == answer("0")


def sqlite_first(path: Path, query: str) -> str:
    connection = sqlite3.connect(path)
    [text] = connection.execute(query).fetchone()
    connection.close()
    return str(text)


def test_a_digest_depends_on_every_part_and_their_order() -> None:
    digests = {digest(*p) for p in [(), ("a",), ("a", "b"), ("b", "a"), ("ab",), ("a", None)]}
    assert len(digests) == 6


def test_a_digest_does_not_depend_on_the_order_of_names() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_a_digest_takes_any_text() -> None:
    assert digest("\ud800") != digest("?")
