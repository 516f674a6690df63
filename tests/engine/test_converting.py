"""Making a smaller file of a model, with llama.cpp's own quantizer."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from qwlsp.errors import ModelError
from qwlsp.models.convert import BITS, convert, default_output
from qwlsp.models.inspect import inspect
from tests.engine.asking import Engine, text_of

pytestmark = pytest.mark.slow  # a process for each test


@pytest.mark.parametrize("kind", BITS)
def test_each_type(tiny_model: Path, tmp_path: Path, kind: str) -> None:
    path = convert(tiny_model, tmp_path / "made" / "x.gguf", kind)
    assert inspect(path).quantization == kind
    assert [each.name for each in path.parent.iterdir()] == ["x.gguf"]


def test_from_q8_0(tiny_model: Path, tmp_path: Path) -> None:
    first = convert(tiny_model, tmp_path / "q8.gguf", "Q8_0")
    assert inspect(convert(first, tmp_path / "q4.gguf", "Q4_0")).quantization == "Q4_0"


async def test_what_was_made_can_be_asked(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    engine = Engine(convert(tiny_model, tmp_path / "x.gguf", "Q4_0"), home)
    try:
        assert await text_of(engine.ask("Explain."))
    finally:
        await engine.close()


def refused(source: Path, target: Path, kind: str = "Q4_0") -> str:
    with pytest.raises(ModelError) as caught:
        convert(source, target, kind)
    assert not list(target.parent.glob("*.part")) and not list(target.parent.glob(".*.part"))
    return str(caught.value)


def test_what_has_lost_too_much_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    first = convert(tiny_model, tmp_path / "q4.gguf", "Q4_0")
    assert "q4.gguf is Q4_0, which has lost too much" in refused(first, tmp_path / "x.gguf")
    eighth = convert(tiny_model, tmp_path / "q8.gguf", "Q8_0")
    assert refused(eighth, tmp_path / "x.gguf", "Q8_0") == "q8.gguf is Q8_0 already."


def test_nothing_is_overwritten(tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.gguf"
    target.write_text("mine")
    assert refused(tiny_model, target) == f"{target} is there already."
    assert target.read_text() == "mine"


def test_a_disk_without_room(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**6))
    assert "1 MB are free" in refused(tiny_model, tmp_path / "x.gguf")


def test_a_folder_that_is_none(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "can't be written" in refused(tiny_model, tmp_path / "file" / "x.gguf")


def test_a_quantizer_that_fails(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / ".x.gguf.part").mkdir()
    with pytest.raises(ModelError, match=r"^tiny\.gguf can't be converted: .*\.$"):
        convert(tiny_model, tmp_path / "x.gguf", "Q4_0")


def test_ctrl_c_leaves_nothing(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[subprocess.Popen[bytes]] = []

    def interrupted(
        child: subprocess.Popen[bytes], *_arguments: object, **_options: object
    ) -> None:
        children.append(child)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert(tiny_model, tmp_path / "x.gguf", "Q4_0")
    assert list(tmp_path.iterdir()) == []
    assert [child.returncode is not None for child in children] == [True]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("tiny.gguf", "tiny-q4_0.gguf"),
        ("qwen-fp16.gguf", "qwen-q4_0.gguf"),
        ("Qwen-F16.gguf", "Qwen-q4_0.gguf"),
        ("qwen.Q8_0.gguf", "qwen-q4_0.gguf"),
    ],
)
def test_the_name_of_what_is_made(tmp_path: Path, name: str, made: str) -> None:
    assert default_output(Path("elsewhere", name), "Q4_0", tmp_path) == tmp_path / made
