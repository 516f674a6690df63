"""From what a person types to a file on the hub; and whether a model fits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.errors import DownloadError
from qwlsp.models.presets import DEFAULT_NAME, Source, presets, read_source
from qwlsp.models.room import OTHERS, OVERHEAD, fits, needed_memory


def test_the_default() -> None:
    assert next(iter(presets())) == DEFAULT_NAME
    assert read_source(DEFAULT_NAME) == Source(
        "Qwen/Qwen2.5-0.5B-Instruct-GGUF", "qwen2.5-0.5b-instruct-q4_k_m.gguf", 491
    )


@pytest.mark.parametrize("name", presets())
def test_every_quantization_of_every_preset(name: str) -> None:
    preset = presets()[name]
    assert preset.quantization in preset.megabytes
    sizes = list(preset.megabytes.values())
    assert sizes == sorted(sizes)
    for kind, megabytes in preset.megabytes.items():
        source = read_source(f"{name.upper()}:{kind.upper()}")
        assert source == Source(preset.repository, f"{name}-{kind}.gguf", megabytes)


def test_a_quantization_that_there_is_not() -> None:
    with pytest.raises(DownloadError, match=r"comes as Q4_0, .* but not as q9"):
        read_source(f"{DEFAULT_NAME}:q9")


def test_a_file_of_the_hub() -> None:
    assert read_source("A-1/b_2.c:d/e.gguf") == Source("A-1/b_2.c", "d/e.gguf")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gpt",
        "a/b",
        "a/b:",
        "a/b:c.bin",
        "a:c.gguf",
        "a/b/c:d.gguf",
        "../b:c.gguf",
        "a/b:../c.gguf",
        "a/b:c\n.gguf",
        "a/b:ü.gguf",
        "https://x/a/b:c.gguf",
        "a/b:c.gguf?x",
        "a/b:c\\d.gguf",
    ],
)
def test_what_names_no_model(text: str) -> None:
    with pytest.raises(DownloadError, match="names no model"):
        read_source(text)


def test_a_part_of_a_model_is_refused() -> None:
    with pytest.raises(DownloadError, match="only a part"):
        read_source("a/b:c-00001-of-00002.gguf")


@given(st.text(max_size=40))
@settings(derandomize=True, deadline=None)
def test_any_text(text: str) -> None:
    try:
        read_source(text)
    except DownloadError as error:
        assert str(error).endswith(".")


def test_needed_memory() -> None:
    assert needed_memory(1000, 10, 7) == 1070 + OVERHEAD
    assert fits(1000, 1000 + OTHERS)
    assert not fits(1001, 1000 + OTHERS)
