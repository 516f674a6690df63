from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import llama_cpp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.qwen2 import CHATML
from tests.tiny_model import build, vocabulary

QUIET = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)


def load(path: Path) -> Any:
    llama_cpp.llama_log_set(QUIET, ctypes.c_void_p(0))
    model = llama_cpp.llama_model_load_from_file(
        str(path).encode(), llama_cpp.llama_model_default_params()
    )
    assert model, f"llama.cpp does not load {path}"
    return model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    build(path)
    loaded = load(path)
    yield loaded
    llama_cpp.llama_model_free(loaded)


@pytest.fixture
def context(model: Any) -> Iterator[Any]:
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx, parameters.n_threads, parameters.n_threads_batch = 256, 1, 1
    made = llama_cpp.llama_init_from_model(model, parameters)
    yield made
    llama_cpp.llama_free(made)


def tokenize(model: Any, text: str, *, special: bool = False) -> list[int]:
    data = text.encode()
    tokens = (llama_cpp.llama_token * (len(data) + 8))()
    vocab = llama_cpp.llama_model_get_vocab(model)
    count = llama_cpp.llama_tokenize(vocab, data, len(data), tokens, len(tokens), True, special)
    return list(tokens[:count])


def piece(model: Any, token: int) -> bytes:
    buffer = ctypes.create_string_buffer(128)
    vocab = llama_cpp.llama_model_get_vocab(model)
    size = llama_cpp.llama_token_to_piece(vocab, token, buffer, len(buffer), 0, True)
    assert size >= 0
    return buffer.raw[:size]


def logits(context: Any, tokens: list[int]) -> NDArray[np.float32]:
    """Decode `tokens` after what the context holds, and return the last one's logits."""
    array = (llama_cpp.llama_token * len(tokens))(*tokens)  # a batch holds its address only
    assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(array, len(tokens))) == 0
    vocab = llama_cpp.llama_model_get_vocab(llama_cpp.llama_get_model(context))
    last = llama_cpp.llama_get_logits_ith(context, -1)
    return np.array(np.ctypeslib.as_array(last, (llama_cpp.llama_vocab_n_tokens(vocab),)))


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
@settings(derandomize=True, deadline=None)
def test_tokens_join_to_the_text(model: Any, text: str) -> None:
    assert b"".join(piece(model, t) for t in tokenize(model, text)) == text.encode()


@pytest.mark.parametrize("spaces", [1, 2, 4, 8, 16, 32, 64])
def test_a_run_of_spaces_is_one_token(model: Any, spaces: int) -> None:
    assert [piece(model, t) for t in tokenize(model, " " * spaces)] == [b" " * spaces]


def test_an_emoji_is_split_inside_its_bytes(model: Any) -> None:
    pieces = [piece(model, t) for t in tokenize(model, "🙂")]
    assert len(pieces) > 1
    with pytest.raises(UnicodeDecodeError):
        pieces[0].decode()


def test_words_of_the_sample_are_one_token(model: Any) -> None:
    assert [piece(model, t) for t in tokenize(model, "def read")] == [b"def", b" read"]


def test_nothing_is_put_before_the_text(model: Any) -> None:
    assert len(tokenize(model, "a")) == 1


@pytest.mark.parametrize("text", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
def test_special_tokens_are_read_only_on_demand(model: Any, text: str) -> None:
    assert len(tokenize(model, text, special=True)) == 1
    assert len(tokenize(model, text)) > 1


def test_a_turns_end_is_not_the_files_eos(model: Any) -> None:
    vocab = llama_cpp.llama_model_get_vocab(model)
    [end_of_text] = tokenize(model, "<|endoftext|>", special=True)
    [end_of_turn] = tokenize(model, "<|im_end|>", special=True)
    assert llama_cpp.llama_vocab_eos(vocab) == end_of_text != end_of_turn
    assert llama_cpp.llama_vocab_is_eog(vocab, end_of_turn)


def test_every_merge_joins_to_a_token() -> None:
    tokens = vocabulary().tokens
    assert len(set(tokens)) == len(tokens)
    assert {merge.replace(" ", "") for merge in vocabulary().merges} <= set(tokens)


def test_logits_depend_on_an_early_token(model: Any, context: Any) -> None:
    tokens = tokenize(model, "def first(lines):\n    return lines[0]\n" * 3)
    before = logits(context, tokens)
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
    after = logits(context, [tokens[0] + 1, *tokens[1:]])
    assert np.abs(before - after).max() > 1e-3


def test_greedy_decoding_neither_ends_nor_sticks(model: Any, context: Any) -> None:
    vocab = llama_cpp.llama_model_get_vocab(model)
    written = [int(logits(context, tokenize(model, "Explain this.")).argmax())]
    while len(written) < 64:
        written.append(int(logits(context, written[-1:]).argmax()))
    assert len(set(written)) > 16
    assert not any(llama_cpp.llama_vocab_is_eog(vocab, token) for token in written)


def test_a_seed_gives_the_same_file(tmp_path: Path) -> None:
    for name, seed in [("a", 1), ("b", 1), ("c", 2)]:
        build(tmp_path / name, seed=seed)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("template", [CHATML, "{{ messages }}", None])
def test_the_chat_template_is_the_given_one(tmp_path: Path, template: str | None) -> None:
    build(tmp_path / "model.gguf", chat_template=template)
    loaded = load(tmp_path / "model.gguf")
    stored = llama_cpp.llama_model_chat_template(loaded, None)
    llama_cpp.llama_model_free(loaded)
    assert stored == (None if template is None else template.encode())


@pytest.mark.parametrize("trim", [False, True])
@pytest.mark.parametrize("system", [None, "Be brief."])
def test_chatml(system: str | None, trim: bool) -> None:
    messages = [{"role": "user", "content": "Hi\n"}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    template = jinja2.Environment(trim_blocks=trim, lstrip_blocks=trim).from_string(CHATML)
    assert template.render(messages=messages, add_generation_prompt=True) == (
        f"<|im_start|>system\n{system or 'You are a helpful assistant.'}<|im_end|>\n"
        "<|im_start|>user\nHi\n<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
