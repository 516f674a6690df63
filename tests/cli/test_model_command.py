"""`qwlsp model`: what is here, what is used, what is fetched, what is made."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Run, in_terminal, qwlsp
from tests.models.damaged import DAMAGES
from tests.models.hub import Hub, open_hub
from tests.models.laid_out import hugging_face, lm_studio, ollama
from tests.tiny_model import SHAPE, build

pytestmark = pytest.mark.slow  # a process for each test

KEYS = {
    "name", "path", "origin", "size_bytes", "quantization", "architecture", "context_length",
    "fits", "chat_template", "parts",
}  # fmt: skip
DEFAULT = "Qwen/Qwen2.5-0.5B-Instruct-GGUF/qwen2.5-0.5b-instruct-q4_k_m.gguf"


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of somebody who has nothing yet."""
    folder = tmp_path / "person"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def hub(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with open_hub(files={DEFAULT: tiny_model.read_bytes()}) as opened:
        monkeypatch.setenv("HF_ENDPOINT", opened.address)
        yield opened


def listed(*arguments: object) -> dict[str, Any]:
    run = qwlsp("model", "list", "--json", *arguments)
    assert (run.status, run.stderr) == (0, "")
    return run.json


def variants(count: int, tmp_path: Path) -> Iterator[bytes]:
    """Models that are different files."""
    for seed in range(count):
        build(tmp_path / "variant.gguf", seed=seed)
        yield (tmp_path / "variant.gguf").read_bytes()


# What is here.


def test_no_model_is_listed(person: Path) -> None:
    assert listed() == {"models": [], "skipped": []}
    run = qwlsp("model", "list")
    assert (run.status, run.stdout) == (0, "")
    assert "No model was found. Run `qwlsp model pull`" in run.stderr


def test_every_file_once(person: Path, home: Path, tmp_path: Path) -> None:
    own, first, second, third, fourth = variants(5, tmp_path)
    (home / "models").mkdir(parents=True)
    (home / "models" / "mine.gguf").write_bytes(own)
    for tag in ("0.5b", "latest"):
        ollama(person / ".ollama/models", f"registry.ollama.ai/library/qwen2.5:{tag}", first)
    lm_studio(person, "qwen/Qwen-GGUF/q.gguf", second)
    hugging_face(person / ".cache/huggingface/hub", "Qwen/Qwen-GGUF", "q.gguf", third)
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / "x.gguf").write_bytes(fourth)
    (folder / "again.gguf").symlink_to(home / "models" / "mine.gguf")
    found = listed("--folder", folder)
    assert found["skipped"] == []
    assert [(each["name"], each["origin"]) for each in found["models"]] == [
        ("mine", "qwlsp"),
        ("qwen2.5:0.5b", "ollama"),
        ("qwen/Qwen-GGUF/q.gguf", "lmstudio"),
        ("Qwen/Qwen-GGUF:q.gguf", "huggingface"),
        ("x.gguf", "folder"),
    ]
    for each in found["models"]:
        assert set(each) == KEYS
        assert Path(each["path"]).stat().st_size == each["size_bytes"]
        assert (each["quantization"], each["architecture"]) == ("F32", "qwen2")
        assert (each["context_length"], each["fits"]) == (SHAPE.context, True)
        assert (each["chat_template"], each["parts"]) == (True, 1)
    shown = qwlsp("model", "list", COLUMNS="200").stdout
    assert all(each["name"] in shown for each in found["models"][:4])


@pytest.mark.parametrize("name", ["qwen2.5:0.5b", "Qwen/Qwen-GGUF:q.gguf"])
def test_a_listed_name_can_be_used(person: Path, tmp_path: Path, name: str) -> None:
    first, second = variants(2, tmp_path)
    paths = [
        ollama(person / ".ollama/models", "registry.ollama.ai/library/qwen2.5:0.5b", first),
        hugging_face(person / ".cache/huggingface/hub", "Qwen/Qwen-GGUF", "q.gguf", second),
    ]
    run = qwlsp("model", "path", "--model", name)
    assert run.status == 0
    assert Path(run.stdout.strip()) in paths
    assert qwlsp("model", "path", QWLSP_MODEL=name) == run


def test_the_small_qwen_of_another_program_is_used(person: Path, tmp_path: Path) -> None:
    first, second = variants(2, tmp_path)
    ollama(person / ".ollama/models", "registry.ollama.ai/library/llama3:8b", first)
    assert qwlsp("model", "path").status == 1
    blob = ollama(person / ".ollama/models", "registry.ollama.ai/library/qwen2.5:0.5b", second)
    run = qwlsp("model", "path")
    assert (run.status, run.stdout) == (0, f"{blob}\n")


def test_damaged_files_are_said_and_passed_over(person: Path, home: Path, tiny_model: Path) -> None:
    folder = home / "models"
    folder.mkdir(parents=True)
    content = tiny_model.read_bytes()
    for number, damage in enumerate(DAMAGES.values()):
        (folder / f"{number:03}.gguf").write_bytes(damage(content))
    shutil.copy(tiny_model, folder / "whole.gguf")
    found = listed()
    names = [each["name"] for each in found["models"]]
    assert names[-1] == "whole"
    assert len(names) + len(found["skipped"]) == len(DAMAGES) + 1
    for each in found["skipped"]:
        assert set(each) == {"path", "origin", "reason"}
        assert "can't be loaded" in each["reason"]


def test_a_broken_manifest_is_said(person: Path) -> None:
    path = person / ".ollama/models/manifests/registry.ollama.ai/library/x/1"
    path.parent.mkdir(parents=True)
    path.write_text("<html>")
    run = qwlsp("model", "list")
    assert run.status == 0
    assert "qwlsp: x:1 can't be used: its manifest has a form that is not known." in run.stderr


def test_many_models(person: Path, tiny_model: Path) -> None:
    content = tiny_model.read_bytes()
    for number in range(500):
        lm_studio(person, f"a/b/{number:03}.gguf", content + bytes([number % 256, number // 256]))
    assert len(listed()["models"]) == 500


# What is fetched.


def fetched(*arguments: object) -> Run:
    return qwlsp("model", "pull", "--yes", *arguments)


def test_the_default_model_is_fetched(home: Path, hub: Hub, tiny_model: Path) -> None:
    run = fetched()
    path = home / "models" / "qwen2.5-0.5b-instruct-q4_k_m.gguf"
    assert (run.status, run.stdout, run.stderr) == (0, f"{path}\n", "")
    assert path.read_bytes() == tiny_model.read_bytes()


def test_any_file_of_the_hub_is_fetched(home: Path, hub: Hub, tiny_model: Path) -> None:
    hub.files["somebody/Tiny/q8/tiny.gguf"] = tiny_model.read_bytes()
    run = fetched("somebody/Tiny:q8/tiny.gguf")
    assert (run.status, run.stdout) == (0, f"{home / 'models' / 'tiny.gguf'}\n")


def test_what_is_not_on_the_hub(home: Path, hub: Hub) -> None:
    run = fetched("qwen2.5-coder-7b-instruct:q8_0")
    assert (run.status, run.stdout) == (1, "")
    assert run.stderr == (
        "qwlsp: Qwen/Qwen2.5-Coder-7B-Instruct-GGUF has no file"
        " qwen2.5-coder-7b-instruct-q8_0.gguf.\n"
    )


def test_a_name_that_stands_for_nothing() -> None:
    run = fetched("gpt-5")
    assert (run.status, run.stdout) == (1, "")
    assert "gpt-5 names no model" in run.stderr


def test_asked_in_a_terminal(home: Path, hub: Hub) -> None:
    with in_terminal("model", "pull") as terminal:
        terminal.read_until(lambda screen: "[y/N]" in screen)
        assert "491 MB" in terminal.screen
        terminal.type("n\r")
        assert terminal.read_to_the_end() == 1
    assert "Nothing was fetched" in terminal.screen
    assert hub.requests == []
    with in_terminal("model", "pull") as terminal:
        terminal.read_until(lambda screen: "[y/N]" in screen)
        terminal.type("y\r")
        assert terminal.read_to_the_end() == 0
    assert (home / "models" / "qwen2.5-0.5b-instruct-q4_k_m.gguf").is_file()


def test_ctrl_c_keeps_what_has_come(home: Path, hub: Hub) -> None:
    hub.stalls = threading.Event()
    with in_terminal("model", "pull", "--yes") as terminal:
        terminal.read_until(lambda screen: "kB" in screen)
        terminal.type("\x03")
        assert terminal.read_to_the_end() == 130
    hub.stalls.set()
    assert "the next one goes on from here" in terminal.screen
    [part] = (home / "models").iterdir()
    assert part.suffix == ".part"


def test_what_can_be_fetched() -> None:
    run = qwlsp("model", "pull", "--list", COLUMNS="100")
    assert (run.status, run.stderr) == (0, "")
    assert "qwen2.5-0.5b-instruct" in run.stdout
    assert "qwen2.5-coder-7b-instruct:q8_0" in run.stdout
    assert "approximate" in run.stdout


# What is made.


def test_a_model_is_converted(home: Path, tiny_model: Path) -> None:
    run = qwlsp("model", "convert", tiny_model, "--to", "Q8_0")
    path = home / "models" / "tiny-q8_0.gguf"
    assert (run.status, run.stdout) == (0, f"{path}\n")
    [found] = listed()["models"]
    assert (found["name"], found["quantization"]) == ("tiny-q8_0", "Q8_0")
    assert found["size_bytes"] < tiny_model.stat().st_size


def test_a_model_that_can_not_be_converted(tmp_path: Path) -> None:
    run = qwlsp("model", "convert", tmp_path / "x.gguf")
    assert (run.status, run.stdout) == (1, "")
    assert run.stderr == "qwlsp: x.gguf can't be loaded: No such file or directory.\n"
    assert qwlsp("model", "convert", tmp_path / "x.gguf", "--to", "Q2_K").status == 2
