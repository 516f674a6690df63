"""Fetching a model: whole and verified under its final name, or not there at all."""

from __future__ import annotations

import errno
import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from qwlsp.errors import DownloadError
from qwlsp.models.presets import Source
from qwlsp.models.pull import Cancelled, pull
from tests.models.hub import Hub, open_hub

SOURCE = Source("tiny/Tiny-GGUF", "tiny.gguf")
KEY = "tiny/Tiny-GGUF/tiny.gguf"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rest between tries, and no way to the real hub."""
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    no_rest = SimpleNamespace(sleep=lambda seconds: None, time=time.time)
    monkeypatch.setattr("huggingface_hub.file_download.time", no_rest)


@pytest.fixture
def hub(tiny_model: Path) -> Iterator[Hub]:
    with open_hub(files={KEY: tiny_model.read_bytes()}) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def sentence_about(hub: Hub, folder: Path, source: Source = SOURCE) -> str:
    """The one sentence about a pull that fails, after which nothing has the final name."""
    with pytest.raises(DownloadError) as caught:
        pull(source, folder, endpoint=hub.address)
    assert not (folder / "tiny.gguf").exists()
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def in_folder(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_whole_file(hub: Hub, folder: Path, tiny_model: Path) -> None:
    told: list[tuple[int, int]] = []
    path = pull(SOURCE, folder, endpoint=hub.address, on_progress=lambda *now: told.append(now))
    assert path == folder / "tiny.gguf"
    assert path.read_bytes() == tiny_model.read_bytes()
    assert in_folder(folder) == ["tiny.gguf"]
    size = tiny_model.stat().st_size
    assert told[0] == (0, size) and told[-1] == (size, size)
    assert told == sorted(told)


def test_what_is_there_is_not_fetched_again(hub: Hub, folder: Path) -> None:
    for _ in range(2):
        pull(SOURCE, folder, endpoint=hub.address)
    assert [method for method, *_ in hub.requests] == ["HEAD", "GET", "HEAD"]


def test_another_file_of_that_name_is_replaced(hub: Hub, folder: Path, tiny_model: Path) -> None:
    folder.mkdir()
    size = tiny_model.stat().st_size
    (folder / "tiny.gguf").write_bytes(b"x" * size)
    path = pull(SOURCE, folder, endpoint=hub.address)
    assert path.read_bytes() == tiny_model.read_bytes()


def test_the_storage_is_elsewhere(hub: Hub, folder: Path, tiny_model: Path) -> None:
    hub.redirects = True
    assert pull(SOURCE, folder, endpoint=hub.address).read_bytes() == tiny_model.read_bytes()


@pytest.mark.parametrize("seed", range(5))
def test_connections_that_are_cut_anywhere(
    hub: Hub, folder: Path, tiny_model: Path, seed: int
) -> None:
    hub.cuts = random.Random(seed)
    for _ in range(1000):
        try:
            path = pull(SOURCE, folder, endpoint=hub.address)
            break
        except DownloadError:
            assert not (folder / "tiny.gguf").exists()
    assert path.read_bytes() == tiny_model.read_bytes()
    assert in_folder(folder) == ["tiny.gguf"]


def test_a_later_pull_goes_on_where_one_was_stopped(
    hub: Hub, folder: Path, tiny_model: Path
) -> None:
    seen = 0

    def watch(done: int, total: int) -> None:
        nonlocal seen
        seen = done

    with pytest.raises(Cancelled):
        pull(
            SOURCE,
            folder,
            endpoint=hub.address,
            on_progress=watch,
            cancelled=lambda: seen > 100_000,
        )
    [part] = folder.iterdir()
    kept = part.stat().st_size
    assert part.suffix == ".part" and kept == seen
    path = pull(SOURCE, folder, endpoint=hub.address)
    assert hub.requests[-1] == ("GET", "/tiny/Tiny-GGUF/resolve/main/tiny.gguf", f"bytes={kept}-")
    assert path.read_bytes() == tiny_model.read_bytes()


@pytest.mark.parametrize("extra", [-1, 0, 1, 1000])
def test_what_was_kept_may_be_of_any_length(
    hub: Hub, folder: Path, tiny_model: Path, extra: int
) -> None:
    with pytest.raises(Cancelled):
        pull(SOURCE, folder, endpoint=hub.address, cancelled=lambda: True)
    [part] = folder.iterdir()
    content = tiny_model.read_bytes()
    part.write_bytes(content[: len(content) + extra] + b"x" * extra)
    assert pull(SOURCE, folder, endpoint=hub.address).read_bytes() == content


def test_a_hub_that_always_begins_anew(hub: Hub, folder: Path, tiny_model: Path) -> None:
    with pytest.raises(Cancelled):
        pull(SOURCE, folder, endpoint=hub.address, cancelled=lambda: True)
    [part] = folder.iterdir()
    part.write_bytes(tiny_model.read_bytes()[:5000])
    hub.ignores_ranges = True
    assert pull(SOURCE, folder, endpoint=hub.address).read_bytes() == tiny_model.read_bytes()


def test_what_was_kept_of_an_older_file_is_not_used(hub: Hub, folder: Path) -> None:
    with pytest.raises(Cancelled):
        pull(SOURCE, folder, endpoint=hub.address, cancelled=lambda: True)
    [part] = folder.iterdir()
    part.write_bytes(b"GGUF of yesterday")
    newer = hub.files[KEY] + b"\0" * 32
    hub.files[KEY] = newer
    assert pull(SOURCE, folder, endpoint=hub.address).read_bytes() == newer


def test_a_wrong_checksum(hub: Hub, folder: Path) -> None:
    hub.wrong_checksum = True
    assert "wrong checksum" in sentence_about(hub, folder)
    assert in_folder(folder) == []


def test_a_file_that_is_no_model(hub: Hub, folder: Path) -> None:
    hub.files[KEY] = b"GGUF and nothing more"
    sentence = sentence_about(hub, folder)
    assert sentence.startswith("tiny.gguf can't be loaded")
    assert in_folder(folder) == []


def test_a_file_that_the_hub_does_not_have(hub: Hub, folder: Path) -> None:
    sentence = sentence_about(hub, folder, Source("tiny/Tiny-GGUF", "other.gguf"))
    assert sentence == "tiny/Tiny-GGUF has no file other.gguf."
    assert in_folder(folder) == []


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, "RepoNotFound", "has no tiny/Tiny-GGUF"),
        (401, "RepoNotFound", "has no tiny/Tiny-GGUF"),
        (403, "GatedRepo", "open only to people with an account"),
        (401, "GatedRepo", "open only to people with an account"),
        (418, "Teapot", "refused tiny.gguf (status 418)"),
        (500, "Oops", "refused tiny.gguf (status 500)"),
    ],
)
def test_what_the_hub_refuses(hub: Hub, folder: Path, status: int, code: str, words: str) -> None:
    hub.status, hub.error_code = status, code
    assert words in sentence_about(hub, folder)
    assert in_folder(folder) == []


def test_a_login_page_instead_of_a_hub(hub: Hub, folder: Path) -> None:
    hub.html = True
    assert "is no hub of models" in sentence_about(hub, folder)


def test_an_endless_stream(hub: Hub, folder: Path) -> None:
    hub.endless = True
    assert "more than it said" in sentence_about(hub, folder)
    assert in_folder(folder) == []


def test_a_hub_that_falls_silent(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.05)
    hub.stalls = threading.Event()
    half = tiny_model.stat().st_size // 2
    for _ in range(2):  # each time, half of what is missing comes
        with pytest.raises(DownloadError, match="broke off"):
            pull(Source(SOURCE.repository, SOURCE.file), folder, endpoint=hub.address)
        [part] = folder.iterdir()
        assert part.stat().st_size >= half
    hub.stalls.set()
    hub.stalls = None
    assert pull(SOURCE, folder, endpoint=hub.address).read_bytes() == tiny_model.read_bytes()


def test_nobody_is_there(folder: Path) -> None:
    with open_hub() as hub:
        pass  # and it is closed again
    assert "can't be reached" in sentence_about(hub, folder)


@pytest.mark.parametrize("address", ["file:///etc", "hub", "ftp://x/", "https://", "http://["])
def test_an_address_that_is_none(folder: Path, address: str) -> None:
    with pytest.raises(DownloadError, match="no address of a hub"):
        pull(SOURCE, folder, endpoint=address)


def test_the_environments_mirror_and_the_settings(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    pull(SOURCE, folder, endpoint=hub.address)
    monkeypatch.setenv("HF_ENDPOINT", hub.address + "/")
    pull(SOURCE, folder)
    assert [method for method, *_ in hub.requests] == ["HEAD", "GET", "HEAD"]


def test_a_disk_without_room(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=3_000_000))
    assert "68 MB are needed, 3 MB are free" in sentence_about(hub, folder)
    assert in_folder(folder) == []


def test_a_disk_that_becomes_full(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("huggingface_hub.file_download.http_get", full)
    assert "No space left on device" in sentence_about(hub, folder)


def test_a_folder_that_can_not_be_written(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "can't take tiny.gguf: " in sentence_about(hub, tmp_path / "file" / "models")


def test_two_at_once(hub: Hub, folder: Path) -> None:
    inner: list[str] = []

    def again(done: int, total: int) -> None:
        if not inner:
            with pytest.raises(DownloadError) as caught:
                pull(SOURCE, folder, endpoint=hub.address)
            inner.append(str(caught.value))

    pull(SOURCE, folder, endpoint=hub.address, on_progress=again)
    assert inner == ["Another qwlsp is fetching this model at the moment."]


def test_a_file_in_a_folder_of_the_repository(hub: Hub, folder: Path, tiny_model: Path) -> None:
    hub.files["tiny/Tiny-GGUF/q4/tiny.gguf"] = tiny_model.read_bytes()
    path = pull(Source("tiny/Tiny-GGUF", "q4/tiny.gguf"), folder, endpoint=hub.address)
    assert path == folder / "tiny.gguf"


def test_stopped_before_anything_came(hub: Hub, folder: Path) -> None:
    with pytest.raises(Cancelled, match="stopped"):
        pull(SOURCE, folder, endpoint=hub.address, cancelled=lambda: True)
    assert not (folder / "tiny.gguf").exists()


def test_no_token_is_sent(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    pull(SOURCE, folder, endpoint=hub.address)
    assert hub.secrets == []
