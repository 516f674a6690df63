"""What tests of all kinds share: a model that is built in a moment, and a home of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_model import build


def pytest_addoption(parser: pytest.Parser) -> None:
    """Editors' tests run with a model of the worker's, or with a server that has the same one."""
    parser.addoption("--backend", choices=["embedded", "openai"], default="embedded")


@pytest.fixture(autouse=True)
def runtime_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Where workers listen. Its name is short, as sockets can't have a long one."""
    folder = tmp_path_factory.mktemp("r")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder / "qwlsp"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `QWLSP_HOME`: no test sees or changes what a person has."""
    folder = tmp_path / "qwlsp home"
    monkeypatch.setenv("QWLSP_HOME", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))  # where other programs keep their models
    for name in ("QWLSP_MODEL", "OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file that llama.cpp loads; read it, but do not change it."""
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    build(path)
    return path
