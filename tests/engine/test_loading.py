"""From a configuration to a model that fits this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qwlsp.backends.llama import AbortFlag
from qwlsp.engine import loading
from qwlsp.engine.loading import GPU_RESERVE, choose_gpu_layers, layers_that_fit, load, usable_cores
from qwlsp.engine.messages import EngineConfig, Ready
from qwlsp.errors import ModelError
from qwlsp.models.inspect import inspect
from tests.tiny_model import SHAPE, build

GIB = 1 << 30


def ready(config: EngineConfig) -> Ready:
    return load(config, abort=AbortFlag(), check=lambda: None).ready


def test_what_the_client_is_told(tiny_model: Path) -> None:
    assert ready(EngineConfig(model_path=str(tiny_model))) == Ready(
        pid=os.getpid(), model="tiny", architecture="qwen2", context_length=32768, warnings=[]
    )


def test_the_context_is_no_longer_than_the_models(tiny_model: Path) -> None:
    for wanted, given in [(131_072, SHAPE.context), (1000, 1000)]:
        config = EngineConfig(model_path=str(tiny_model), context_size=wanted)
        assert ready(config).context_length == given


@pytest.mark.parametrize("template", [None, "{{ 1 / 0 }}"])
def test_a_template_that_can_not_be_used_is_said(tmp_path: Path, template: str | None) -> None:
    build(tmp_path / "x.gguf", chat_template=template)
    [warning] = ready(EngineConfig(model_path=str(tmp_path / "x.gguf"))).warnings
    assert "ChatML" in warning


def test_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"x\.gguf can't be loaded"):
        ready(EngineConfig(model_path=str(tmp_path / "x.gguf")))


def test_there_is_always_a_core() -> None:
    assert usable_cores() >= 1


@pytest.mark.parametrize(
    ("free", "needed", "expected"),
    [
        (0, GIB, 0),
        (GPU_RESERVE, GIB, 0),
        (GPU_RESERVE + GIB // 2, GIB, 12),
        (GPU_RESERVE + GIB, GIB, 25),
        (100 * GIB, GIB, 25),
        (GIB, 0, 25),
    ],
)
def test_as_many_layers_as_fit(free: int, needed: int, expected: int) -> None:
    assert layers_that_fit(free, needed, 24) == expected


def test_layers_are_chosen_by_free_memory(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = []
    for free in (0, GPU_RESERVE, 10 * GIB):
        monkeypatch.setattr(loading, "free_gpu_memory", lambda free=free: free)
        chosen.append(choose_gpu_layers(inspect(tiny_model), 4096))
    assert chosen == [0, 0, SHAPE.layers + 1]
