"""Which model of another program is used, and when nobody looks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qwlsp.errors import ModelError
from qwlsp.models.find import find_model
from qwlsp.models.stores import Candidate, Origin


def candidate(folder: Path, name: str, origin: Origin, content: bytes = b"GGUF") -> Candidate:
    path = folder / name.replace("/", "_").replace(":", "_")
    path.write_bytes(content)
    return Candidate(name, path, origin)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("qwen2.5:0.5b", "ollama"),
        ("qwen2.5-coder:0.5b", "ollama"),
        ("qwen2.5:0.5b-instruct-q8_0", "ollama"),
        ("Qwen/Qwen2.5-0.5B-Instruct-GGUF:qwen2.5-0.5b-instruct-q4_k_m.gguf", "huggingface"),
        ("lmstudio/x/Qwen2.5-Coder-0.5B-Instruct-Q4_0.gguf", "lmstudio"),
    ],
)
def test_the_small_qwen(own: Path, tmp_path: Path, name: str, origin: Origin) -> None:
    found = candidate(tmp_path, name, origin)
    assert find_model([], own, [found]) == found.path


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("qwen2.5:1.5b", "ollama"),
        ("qwen2.5-coder:0.5b-base", "ollama"),
        ("qwen2.5-math:0.5b", "ollama"),
        ("llama3:8b", "ollama"),
        ("Qwen/Qwen2.5-0.5B-GGUF:qwen2.5-0.5b-q4_k_m.gguf", "huggingface"),
    ],
)
def test_no_other_model_is_used_unasked(
    own: Path, tmp_path: Path, name: str, origin: Origin
) -> None:
    found = candidate(tmp_path, name, origin)
    assert find_model([], own, [found]) is None
    assert find_model([name], own, [found]) == found.path


def test_one_that_is_no_gguf_is_passed_over(own: Path, tmp_path: Path) -> None:
    broken = candidate(tmp_path, "qwen2.5:0.5b", "ollama", b"<html>")
    whole = candidate(tmp_path, "qwen2.5:0.5b-instruct", "ollama")
    assert find_model([], own, [broken, whole]) == whole.path


def test_a_name_without_its_ending(own: Path, tmp_path: Path) -> None:
    found = candidate(tmp_path, "a/b/c.gguf", "lmstudio")
    assert find_model(["a/b/c"], own, [found]) == found.path


def test_a_named_one_that_is_no_gguf_is_said(own: Path, tmp_path: Path) -> None:
    found = candidate(tmp_path, "x:1", "ollama", b"<html>")
    with pytest.raises(ModelError, match="is not a GGUF file"):
        find_model(["x:1"], own, [found])


def test_nobody_looks_elsewhere_where_it_is_not_needed(own: Path, tmp_path: Path) -> None:
    def elsewhere() -> Iterator[Candidate]:
        raise AssertionError("somebody looks")
        yield

    mine = own / "mine.gguf"
    mine.write_bytes(b"GGUF")
    for wanted in ([], ["mine"], [str(mine)]):
        assert find_model(wanted, own, elsewhere()) == mine
