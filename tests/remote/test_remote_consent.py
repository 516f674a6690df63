"""What a person has allowed: which workspace's code may go to which server, with which key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qwlsp.remote import consent
from qwlsp.remote.consent import Consents
from qwlsp.remote.server import ServerConfig
from tests.remote.asking import check_sentence

SERVER = ServerConfig(base_url="https://gpu.example.org/v1", key_variable="MY_KEY")
HERE, THERE = Path("/code/here"), Path("/code/there")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "servers.json"


def test_at_first_nothing_is_allowed(path: Path) -> None:
    assert not Consents(path).has(HERE, SERVER)
    assert not path.exists()


def test_a_permission_is_for_one_workspace(path: Path) -> None:
    consents = Consents(path)
    consents.give(HERE, SERVER)
    assert consents.has(HERE, SERVER)
    assert not consents.has(THERE, SERVER)
    assert not consents.has(HERE / "inner", SERVER)
    assert not consents.has(HERE.parent, SERVER)


@pytest.mark.parametrize(
    "other",
    [
        ServerConfig(base_url="https://gpu.example.org/v2", key_variable="MY_KEY"),
        ServerConfig(base_url="http://gpu.example.org/v1", key_variable="MY_KEY"),
        ServerConfig(base_url="https://gpu.example.org:8443/v1", key_variable="MY_KEY"),
        ServerConfig(base_url="https://other.example.org/v1", key_variable="MY_KEY"),
        ServerConfig(base_url="https://gpu.example.org/v1", key_variable="OTHER_KEY"),
        ServerConfig(base_url="https://gpu.example.org/v1"),
    ],
)
def test_a_permission_is_for_one_address_and_one_key(path: Path, other: ServerConfig) -> None:
    consents = Consents(path)
    consents.give(HERE, SERVER)
    assert not consents.has(HERE, other)


def test_another_model_of_the_server_needs_no_other_permission(path: Path) -> None:
    consents = Consents(path)
    consents.give(HERE, SERVER)
    same = ServerConfig(base_url=SERVER.base_url, key_variable="MY_KEY", model="big", timeout=1)
    assert consents.has(HERE, same)


def test_permissions_are_kept_over_a_restart(path: Path) -> None:
    Consents(path).give(HERE, SERVER)
    Consents(path).give(THERE, SERVER)
    again = Consents(path)
    assert again.has(HERE, SERVER)
    assert again.has(THERE, SERVER)


def test_another_window_learns_of_a_permission(path: Path) -> None:
    one, other = Consents(path), Consents(path)
    one.give(HERE, SERVER)
    assert other.has(HERE, SERVER)


def test_a_permission_that_is_taken_from_the_file_is_gone(path: Path) -> None:
    Consents(path).give(HERE, SERVER)
    path.unlink()
    assert not Consents(path).has(HERE, SERVER)


def test_a_permission_given_twice_is_kept_once(path: Path) -> None:
    consents = Consents(path)
    for _ in range(3):
        consents.give(HERE, SERVER)
    assert len(json.loads(path.read_text())["allowed"]) == 1


def test_the_oldest_permissions_go_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent, "MOST", 2)
    for workspace in (HERE, THERE, Path("/code/new")):
        Consents(path).give(workspace, SERVER)
    assert not Consents(path).has(HERE, SERVER)
    assert Consents(path).has(THERE, SERVER)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\x00",
        b'{"allowed": null}',
        b'{"allowed": 7}',
        b'{"allowed": "/code/here"}',
        b'{"allowed": {"/code/here": true}}',
        b'{"allowed": [null, 7, "a", [], ["/code/here"], {}]}',
        b"[" * 100_000,
        b" " * (2 << 20),
    ],
)
def test_a_broken_file_allows_nothing_and_is_mended(path: Path, data: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(data)
    assert not Consents(path).has(HERE, SERVER)
    Consents(path).give(HERE, SERVER)
    assert Consents(path).has(HERE, SERVER)


@pytest.mark.parametrize("place", ["a file where the folder should be", "a folder of that name"])
def test_what_can_t_be_written_holds_for_this_time(path: Path, place: str) -> None:
    if place.startswith("a file"):
        path.parent.touch()
    else:
        path.mkdir(parents=True)
    consents = Consents(path)
    consents.give(HERE, SERVER)
    assert consents.has(HERE, SERVER)
    assert not consents.has(THERE, SERVER)
    assert not Consents(path).has(HERE, SERVER)


def test_names_that_are_no_unicode(path: Path) -> None:
    odd = Path("/code/\udcff and größe")
    Consents(path).give(odd, SERVER)
    assert Consents(path).has(odd, SERVER)


def test_the_file_holds_no_key(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret")
    Consents(path).give(HERE, SERVER)
    assert "sk-secret" not in path.read_text()


def test_the_question_names_the_server_and_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret")
    asked = consent.question(SERVER, HERE)
    check_sentence(asked)
    assert asked.endswith("?")
    for each in (str(HERE), "gpu.example.org", SERVER.base_url, "MY_KEY"):
        assert each in asked
    assert "sk-secret" not in asked
    assert "key" not in consent.question(ServerConfig(base_url="https://gpu.example.org/v1"), HERE)


def test_the_refusal_names_the_server() -> None:
    told = consent.refusal(SERVER)
    check_sentence(told)
    assert "gpu.example.org" in told
