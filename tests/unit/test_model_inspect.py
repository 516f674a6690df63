"""What a GGUF file is, and that any bytes at all are either described or refused."""

from __future__ import annotations

import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.qwen2 import CHATML, Vocabulary, write
from qwlsp.errors import ModelError
from qwlsp.models.inspect import inspect
from qwlsp.models.metadata import read_metadata
from tests.models.damaged import value
from tests.tiny_model import SHAPE, build, vocabulary


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        inspect(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path.name} can't be loaded: ")
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence.removeprefix(f"{path.name} can't be loaded: ")


def test_a_model(tiny_model: Path) -> None:
    found = inspect(tiny_model)
    assert (found.name, found.architecture, found.quantization) == ("tiny", "qwen2", "F32")
    assert found.size_bytes == tiny_model.stat().st_size
    assert (found.context_length, found.layers) == (SHAPE.context, SHAPE.layers)
    assert found.kv_bytes_per_token == 2 * 2 * SHAPE.kv_width * SHAPE.layers
    assert found.tokens == len(vocabulary().tokens)
    assert found.chat_template == CHATML
    assert found.parts == 1


def test_the_package_reads_the_same(tiny_model: Path) -> None:
    reader = gguf.GGUFReader(tiny_model)
    ours = read_metadata(tiny_model)
    assert list(ours.values) == [key for key in reader.fields if not key.startswith("GGUF.")]
    assert [(t.name, t.shape, t.kind, t.size_bytes) for t in ours.tensors.values()] == [
        (t.name, tuple(map(int, t.shape)), t.tensor_type, t.n_bytes) for t in reader.tensors
    ]


def test_no_chat_template(tmp_path: Path) -> None:
    build(tmp_path / "x.gguf", chat_template=None)
    assert inspect(tmp_path / "x.gguf").chat_template is None


def test_a_template_is_only_a_text(tmp_path: Path) -> None:
    hostile = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    build(tmp_path / "x.gguf", chat_template=hostile)
    assert inspect(tmp_path / "x.gguf").chat_template == hostile


@pytest.mark.parametrize(
    ("number", "name"), [(2, "Q4_0"), (15, "Q4_K_M"), (25, "IQ4_NL"), (1024 + 7, "Q8_0")]
)
def test_the_file_says_its_type(tiny_model: Path, tmp_path: Path, number: int, name: str) -> None:
    content = value("general.file_type", "I", number, tiny_model.read_bytes())
    (tmp_path / "x.gguf").write_bytes(content)
    assert inspect(tmp_path / "x.gguf").quantization == name


@pytest.mark.parametrize("number", [1024, 999, 2**32 - 1])
def test_a_type_that_is_not_known_is_told_by_the_weights(
    tiny_model: Path, tmp_path: Path, number: int
) -> None:
    content = value("general.file_type", "I", number, tiny_model.read_bytes())
    (tmp_path / "x.gguf").write_bytes(content)
    assert inspect(tmp_path / "x.gguf").quantization == "F32"


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path / "x.gguf") == "No such file or directory."
    assert refused(tmp_path) == "Is a directory."
    assert "null" in refused(Path("a\0b"))


def test_tokens_that_are_the_same_for_c(tmp_path: Path) -> None:
    known = vocabulary()
    same = Vocabulary([*known.tokens, "x\0y", "x\0z"], [*known.types, 1, 1], known.merges)
    write(tmp_path / "x.gguf", SHAPE, same, name="x", seed=0, dtype=np.float32)
    assert refused(tmp_path / "x.gguf") == "a token is there twice."


def test_empty_tokens_are_no_harm(tmp_path: Path) -> None:
    known = vocabulary()
    empty = Vocabulary([*known.tokens, "", ""], [*known.types, 1, 1], known.merges)
    write(tmp_path / "x.gguf", SHAPE, empty, name="x", seed=0, dtype=np.float32)
    assert inspect(tmp_path / "x.gguf").tokens == len(known.tokens) + 2


def test_a_small_vocabulary(tmp_path: Path) -> None:
    known = vocabulary()
    few = Vocabulary(["<|endoftext|>", *known.tokens[:5]], known.types[:6], [])
    write(tmp_path / "x.gguf", SHAPE, few, name="x", seed=0, dtype=np.float32)
    assert refused(tmp_path / "x.gguf") == "its vocabulary has only 6 tokens."


def written(path: Path, architecture: str = "qwen2", **values: object) -> Path:
    """A file with these values and no weights; "__" stands for a dot."""
    writer = gguf.GGUFWriter(path, architecture)
    for name, its in values.items():
        key = name.replace("__", ".")
        if isinstance(its, str):
            writer.add_string(key, its)
        elif isinstance(its, bool):
            writer.add_bool(key, its)
        elif isinstance(its, float):
            writer.add_float32(key, its)
        elif isinstance(its, list):
            writer.add_array(key, its)
        elif isinstance(its, int):
            writer.add_uint32(key, its)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    return path


SIZES = {
    "qwen2__context_length": 4096,
    "qwen2__embedding_length": 64,
    "qwen2__block_count": 2,
    "qwen2__attention__head_count": 4,
    "tokenizer__ggml__model": "gpt2",
    "tokenizer__ggml__tokens": [chr(n) for n in range(300)],
    "tokenizer__ggml__merges": ["a b"],
}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "it has no weights"),
        ({"general__type": "adapter"}, "it is no model, but an adapter of one"),
        ({"general__type": "mmproj"}, "it is no model, but a part for images or sounds of one"),
        ({"qwen2__attention__causal": False}, "it is not a model that writes text"),
        ({"tokenizer__ggml__model": "t5"}, "it is not a model that writes text"),
        ({"qwen2__rope__dimension_count": 32}, "dimension_count is 32, of 16 in a head"),
        ({"qwen2__rope__dimension_count": 15}, "dimension_count is 15, of 16 in a head"),
        ({"qwen2__rope__scaling__type": "magic"}, "qwen2.rope.scaling.type is not known"),
        ({"qwen2__attention__key_length": 8}, "of 8 in a head"),
        ({"qwen2__attention__head_count": [4, 4, 4]}, "is no list of 2 sizes"),
        ({"qwen2__attention__head_count": [0, 0]}, "it has no attention"),
        ({"qwen2__attention__head_count": True}, "is no whole number"),
        ({"qwen2__expert_used_count": 2}, "it uses 2 of 0 experts"),
        ({"qwen2__expert_count": 8}, "it uses 0 of 8 experts"),
        ({"qwen2__expert_count": 5000}, "qwen2.expert_count is 5000"),
        (
            {
                "qwen2__expert_count": 8,
                "qwen2__expert_used_count": 2,
                "qwen2__expert_group_count": 3,
            },
            "it uses 0 of 3 groups of experts",
        ),
        ({"tokenizer__ggml__tokens": [1, 2]}, "no list of texts"),
        ({"tokenizer__ggml__model": "llama"}, "its vocabulary lacks the byte 0"),
        ({"tokenizer__ggml__scores": [1.0]}, "scores is no list of 300 numbers"),
        ({"split__count": 2}, "it is a part of a model, and its name does not say which"),
    ],
)
def test_what_llama_cpp_would_stumble_over(
    tmp_path: Path, values: dict[str, object], reason: str
) -> None:
    path = written(tmp_path / "x.gguf", **{**SIZES, **values})
    assert refused(path).endswith(f"{reason}.")


@pytest.mark.parametrize("architecture", ["dream", "gemma-embedding", "wavtokenizer-dec"])
def test_an_architecture_that_does_not_write(tmp_path: Path, architecture: str) -> None:
    values = {key.replace("qwen2", architecture): its for key, its in SIZES.items()}
    path = written(tmp_path / "x.gguf", architecture, **values)
    assert refused(path) == "it is not a model that writes text."


def test_a_model_in_two_parts(tmp_path: Path) -> None:
    first = written(tmp_path / "x-00001-of-00002.gguf", **SIZES, split__count=2)
    second = tmp_path / "x-00002-of-00002.gguf"
    writer = gguf.GGUFWriter(second, "qwen2")
    writer.add_tensor("token_embd.weight", np.zeros((300, 64), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = inspect(first)
    assert (found.parts, found.quantization) == (2, "F16")
    assert found.size_bytes == first.stat().st_size + second.stat().st_size


def test_a_part_that_is_missing_or_not_the_first(tmp_path: Path) -> None:
    path = written(tmp_path / "x-00002-of-00002.gguf", **SIZES, split__count=2)
    assert refused(path) == "it is part 2 of 2; name the first one."
    path = written(tmp_path / "x-00001-of-00002.gguf", **SIZES, split__count=2)
    path.with_name("x-00002-of-00002.gguf").unlink()
    assert refused(path) == "No such file or directory."


@pytest.fixture(scope="module")
def content(tiny_model: Path) -> bytes:
    return tiny_model.read_bytes()


@given(data=st.data())
@settings(
    derandomize=True,
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_bytes(content: bytes, tmp_path: Path, data: st.DataObject) -> None:
    changed = bytearray(content)
    places = st.integers(0, 12_000)
    for _ in range(data.draw(st.integers(1, 4))):
        at, new = data.draw(places), data.draw(st.binary(min_size=1, max_size=9))
        changed[at : at + len(new)] = new
    path = tmp_path / "x.gguf"
    path.write_bytes(changed[: data.draw(st.integers(0, len(changed)) | st.just(len(changed)))])
    try:
        inspect(path)
    except ModelError as error:
        assert str(error).endswith(".")


@given(data=st.binary(max_size=200))
@settings(
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_short_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + data)
    refused(path)
