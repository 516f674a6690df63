"""`qwlsp doctor`: this machine and its model, in one screen or one JSON object."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from qwlsp.engine.fitting import Fit, FitStore
from tests.cli.terminal import qwlsp

pytestmark = pytest.mark.slow  # a process for each test

KEYS = {
    "machine", "model", "problem", "llama_cpp", "speed", "memory_mib", "fit", "stores", "skipped",
    "advice",
}  # fmt: skip


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of somebody who has nothing yet."""
    folder = tmp_path / "person"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder


def examined(*arguments: object) -> dict[str, Any]:
    run = qwlsp("doctor", "--json", *arguments)
    assert (run.status, run.stderr) == (0, "")
    data = run.json
    assert set(data) == KEYS
    assert len(data["advice"]) <= 5
    assert data["machine"]["cores"] >= 1
    assert data["machine"]["memory_mib"] > 0
    assert data["llama_cpp"]["version"]
    assert isinstance(data["llama_cpp"]["gpu_offload"], bool)
    return data


def test_without_a_model() -> None:
    data = examined()
    assert (data["model"], data["memory_mib"]) == (None, None)
    assert any("qwlsp model pull" in sentence for sentence in data["advice"])


def test_with_a_model(home: Path, tiny_model: Path) -> None:
    (home / "models").mkdir(parents=True)
    shutil.copy(tiny_model, home / "models" / "tiny.gguf")
    data = examined()
    assert (data["model"]["name"], data["model"]["origin"]) == ("tiny", "qwlsp")
    assert data["speed"]["prefill_tps"] > 0
    assert data["speed"]["decode_tps"] is None or data["speed"]["decode_tps"] > 0
    assert data["memory_mib"] > 0
    assert data["stores"] == [{"origin": "qwlsp", "folder": str(home / "models"), "models": 1}]


def test_nothing_is_measured(tiny_model: Path) -> None:
    data = examined("--model", tiny_model, "--no-model")
    assert data["model"]["origin"] == "folder"
    assert (data["speed"]["prefill_tps"], data["memory_mib"]) == (None, None)


def test_how_the_model_was_found_to_run_fastest(home: Path, tiny_model: Path) -> None:
    kept = FitStore(home / "fits.json", f"{tiny_model.name} {tiny_model.stat().st_size}")
    kept.save(Fit(threads=3, micro_batch=128))
    fit = examined("--model", tiny_model, "--no-model")["fit"]
    assert (fit["threads"], fit["micro_batch"]) == (3, 128)


def test_for_people(tiny_model: Path) -> None:
    run = qwlsp("doctor", "--model", tiny_model)
    assert (run.status, run.stderr) == (0, "")
    for word in ("processor", "memory", "llama.cpp", "tiny", "tokens/s"):
        assert word in run.stdout
    assert len(run.stdout.splitlines()) < 24
    assert "\x1b" not in run.stdout


def test_a_model_that_there_is_not() -> None:
    run = qwlsp("doctor", "--model", "none")
    assert (run.status, run.stdout) == (1, "")
    assert "There is no model none" in run.stderr


def test_a_damaged_model(home: Path) -> None:
    (home / "models").mkdir(parents=True)
    (home / "models" / "x.gguf").write_bytes(b"GGUF and nothing more")
    run = qwlsp("doctor", "--json")
    assert run.status == 1
    assert run.json["model"] is None
    assert run.json["advice"][0].startswith("x.gguf can't be loaded")
    assert run.stderr == f"qwlsp: {run.json['problem']}\n"


def test_without_llama_cpp(tmp_path: Path) -> None:
    (tmp_path / "broken" / "llama_cpp").mkdir(parents=True)
    (tmp_path / "broken" / "llama_cpp" / "__init__.py").write_text(
        "raise ImportError('built for another C library')"
    )
    run = qwlsp("doctor", "--json", PYTHONPATH=str(tmp_path / "broken"))
    assert run.status == 1
    assert run.json["llama_cpp"]["version"] is None
    assert "built for another C library" in run.stderr
    assert run.stderr.count("\n") == 1
