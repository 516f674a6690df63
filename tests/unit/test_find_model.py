"""Which model file is used, by names and first bytes alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qwlsp.errors import ModelError
from qwlsp.home import answers_file, home, models_folder
from qwlsp.models.find import check, find_model, identity, wanted_models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """qwlsp's own folder of models."""
    path = tmp_path / "models"
    path.mkdir()
    return path


def gguf(path: Path) -> Path:
    path.write_bytes(b"GGUF and more")
    return path


def refused(name: str, folder: Path) -> str:
    """The sentence about a model that can't be used."""
    with pytest.raises(ModelError) as caught:
        find_model([name], folder)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    return sentence


def test_no_model_at_all(folder: Path, tmp_path: Path) -> None:
    assert find_model([], folder) is None
    assert find_model(["", ""], folder) is None
    assert find_model([], tmp_path / "no such folder") is None


def test_a_file(folder: Path, tmp_path: Path) -> None:
    path = gguf(tmp_path / "any name")
    assert find_model([str(path)], folder) == path


def test_a_path_becomes_absolute(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf(tmp_path / "x.gguf")
    monkeypatch.chdir(tmp_path)
    assert find_model(["x.gguf"], folder) == tmp_path / "x.gguf"


def test_a_path_in_the_persons_home(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf(tmp_path / "x.gguf")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert find_model(["~/x.gguf"], folder) == tmp_path / "x.gguf"


@pytest.mark.parametrize("name", ["qwen", "qwen.gguf"])
def test_a_name_in_the_folder(folder: Path, name: str) -> None:
    gguf(folder / "another.gguf")
    path = gguf(folder / "qwen.gguf")
    assert find_model([name], folder) == path


def test_the_only_one_in_the_folder(folder: Path) -> None:
    path = gguf(folder / "whatever.gguf")
    (folder / "notes.txt").touch()
    assert find_model([], folder) == path


def test_the_default_one_among_several(folder: Path) -> None:
    gguf(folder / "a.gguf")
    path = gguf(folder / "Qwen2.5-0.5B-Instruct-Q4_K_M.gguf")
    gguf(folder / "z.gguf")
    assert find_model([], folder) == path


def test_what_is_wanted_counts_before_the_default(folder: Path) -> None:
    gguf(folder / "qwen2.5-0.5b.gguf")
    path = gguf(folder / "a.gguf")
    assert find_model(["", "a"], folder) == path


def test_the_first_wanted_one_counts(folder: Path) -> None:
    path = gguf(folder / "a.gguf")
    gguf(folder / "b.gguf")
    assert find_model(["a", "b"], folder) == path


def test_a_missing_one_is_not_replaced_by_another(folder: Path) -> None:
    gguf(folder / "qwen2.5-0.5b.gguf")
    sentence = refused("qwen3", folder)
    assert "no model qwen3" in sentence
    assert str(folder) in sentence


def test_a_folder_is_no_model(folder: Path) -> None:
    assert "is a folder" in refused(str(folder), folder)


@pytest.mark.parametrize("content", [b"", b"GG", b"gguf", b"ggml and more", b"\0GGUF"])
def test_a_file_that_is_no_gguf(folder: Path, content: bytes) -> None:
    (folder / "x.gguf").write_bytes(content)
    assert refused("x", folder) == "x.gguf is not a GGUF file."


def test_a_default_that_is_no_gguf_is_said(folder: Path) -> None:
    (folder / "x.gguf").write_bytes(b"<html>")
    with pytest.raises(ModelError, match="not a GGUF file"):
        find_model([], folder)


@pytest.mark.parametrize(
    "name",
    ["a\0b", "x" * 5000, "~nobody-of-that-name/x.gguf", "\ud800", "\n", "/dev/null", "x/" * 3000],
    ids=lambda name: ascii(name[:12]),
)
def test_a_name_may_be_any_text(folder: Path, name: str) -> None:
    assert len(refused(name, folder)) < 10_000


def test_a_file_that_can_not_be_read(folder: Path) -> None:
    (folder / "x.gguf").mkdir()
    with pytest.raises(ModelError, match=r"x\.gguf can't be read"):
        check(folder / "x.gguf")


def test_qwlsp_model_counts_last(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wanted_models("a", "") == ["a", "", ""]
    monkeypatch.setenv("QWLSP_MODEL", "from-environment")
    assert wanted_models("a", "") == ["a", "", "from-environment"]


def test_qwlsp_model_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gguf(folder / "a.gguf")
    path = gguf(folder / "b.gguf")
    monkeypatch.setenv("QWLSP_MODEL", "b")
    assert find_model(wanted_models("", ""), folder) == path


def test_a_changed_file_is_another_model(folder: Path) -> None:
    path = gguf(folder / "a.gguf")
    first = identity(path)
    assert identity(path) == first
    os.utime(path, ns=(1, 1))
    assert identity(path) != first


def test_everything_lies_in_qwlsp_home(home: Path) -> None:
    assert models_folder() == home / "models"
    assert answers_file() == home / "answers.sqlite"


def test_qwlsp_home_may_be_relative_or_the_persons(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QWLSP_HOME", "here")
    assert home() == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("QWLSP_HOME", "~/there")
    assert home() == tmp_path / "there"


def test_without_qwlsp_home_the_platforms_folder_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWLSP_HOME", "")
    assert home().name == "qwlsp"
    assert home().is_absolute()
