from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import gguf
import pytest

from benchmarks import synthetic
from benchmarks.qwen2 import Shape, Vocabulary
from tests.tiny_model import build, vocabulary

SMALL = Shape(layers=2, width=64, heads=4, kv_heads=2, ffn=128)


def padded(to: int) -> Vocabulary:
    """The tiny model's vocabulary with as many unused tokens as make it `to` tokens large."""
    small = vocabulary()
    missing = to - len(small.tokens)
    return replace(
        small,
        tokens=[*small.tokens, *(f"[PAD{i}]" for i in range(missing))],
        types=[*small.types, *[int(gguf.TokenType.UNUSED)] * missing],
    )


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    path = tmp_path / "tokenizer.gguf"
    build(path)
    return path


@pytest.mark.parametrize(("quant", "stored"), [("q8_0", "Q8_0"), ("q4_0", "Q4_0")])
def test_matrices_are_quantized(tmp_path: Path, quant: str, stored: str) -> None:
    types = synthetic.write_quantized(tmp_path / "m.gguf", SMALL, vocabulary(), quant, seed=0)
    assert next(iter(types)) == stored
    assert sum(types.values()) == 7 * SMALL.layers + 1
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]


def test_a_vocabulary_is_read_back_as_written(tokenizer: Path) -> None:
    assert synthetic.read_vocabulary(tokenizer) == vocabulary()


def test_a_file_without_a_vocabulary_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.gguf").write_bytes(b"GGUF nothing" * 9)
    out = tmp_path / "out.gguf"
    assert synthetic.main([str(out), "--tokenizer", str(tmp_path / "other.gguf")]) == 1
    assert "no byte-level BPE vocabulary" in capsys.readouterr().err
    assert not out.exists()


def test_another_mix_of_types_is_refused(
    tmp_path: Path,
    tokenizer: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(synthetic, "SHAPE", SMALL)
    argv = [str(tmp_path / "out.gguf"), "--quant", "q8_0", "--tokenizer", str(tokenizer)]
    assert synthetic.main(argv) == 1
    assert "expected {'Q8_0': 169}" in capsys.readouterr().err


@pytest.mark.slow
def test_the_default_is_qwen2_5_0_5b_in_q4_k_m(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(synthetic, "read_vocabulary", lambda _path: padded(to=151_936))
    out = tmp_path / "out.gguf"
    assert synthetic.main([str(out), "--tokenizer", "unread.gguf"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["types"] == {"Q5_0": 132, "Q8_0": 13, "Q4_K": 12, "Q6_K": 12}
    assert 385e6 < report["bytes"] == out.stat().st_size < 400e6
