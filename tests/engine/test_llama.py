"""llama.cpp on a real, tiny model: tokens, sequences, aborts, and damaged files."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.qwen2 import Vocabulary, write
from qwlsp.backends.llama import (
    DECODE_ABORTED,
    DECODE_FULL,
    AbortFlag,
    Context,
    ContextSize,
    Model,
    Sampler,
)
from qwlsp.errors import ModelError
from tests.tiny_model import SHAPE, build, vocabulary

endless = settings(derandomize=True, deadline=None)
MakeContext = Callable[..., Context]
TOLERANCE = 1e-3
"""Between logits (-2 to 2 here) of the same tokens read in batches of other sizes: the keys and
values are stored as 16-bit floats, and sums are added up in another order."""
MICRO_BATCH = 32


@pytest.fixture
def abort() -> AbortFlag:
    return AbortFlag()


@pytest.fixture
def make_context(model: Model, abort: AbortFlag) -> Iterator[MakeContext]:
    made: list[Context] = []

    def make(tokens: int = 512, flag: AbortFlag = abort, **size: Any) -> Context:
        shape = ContextSize(tokens=tokens, batch=256, micro_batch=MICRO_BATCH, threads=1, **size)
        made.append(Context(model, shape, flag))
        return made[-1]

    yield make
    for context in made:
        context.close()


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context()


@pytest.fixture
def tokens(model: Model) -> list[int]:
    """A text of 200 tokens."""
    text = "".join(f"def function_{n}(a, b):\n    return a + b * {n}\n" for n in range(20))
    return model.tokenize(text, special=False)[:200]


def read(context: Context, tokens: list[int]) -> np.ndarray:
    """Decode `tokens` at the end of the sequence; a copy of the last one's logits."""
    assert context.decode(tokens, start=context.length) == 0
    return context.logits().copy()


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.abs(a - b).max() < TOLERANCE)


def joined(model: Model, tokens: list[int]) -> bytes:
    return b"".join(map(model.piece, tokens))


# Tokens


@given(text=st.text(st.sampled_from(" \t\r\n\0aé漢🙂|<>_1"), max_size=200) | st.text())
@endless
def test_pieces_join_to_the_text(model: Model, text: str) -> None:
    assert joined(model, model.tokenize(text, special=False)) == text.encode()


@pytest.mark.parametrize(
    "text", [" " * 1000, "\t" * 1000, "\n" * 1000, "🙂" * 1000, "x" * 100_000, "<|im_end|>" * 100]
)
def test_long_runs_join_to_the_text(model: Model, text: str) -> None:
    assert joined(model, model.tokenize(text, special=False)) == text.encode()


def test_a_lone_surrogate_becomes_a_question_mark(model: Model) -> None:
    assert joined(model, model.tokenize("a\ud800b", special=False)) == b"a?b"


def test_nothing_is_no_tokens(model: Model) -> None:
    assert model.tokenize("", special=True) == []


def test_nothing_is_put_around_a_text(model: Model) -> None:
    assert len(model.tokenize("a", special=True)) == 1


@pytest.mark.parametrize("markup", ["<|im_start|>", "<|im_end|>", "<|endoftext|>"])
def test_markup_counts_only_where_it_is_wanted(model: Model, markup: str) -> None:
    [token] = model.tokenize(markup, special=True)
    assert model.text_of(token) == markup
    assert model.piece(token) == b""
    assert token not in model.tokenize(markup, special=False)


def test_a_long_run_of_white_space_is_one_token(model: Model) -> None:
    [token] = model.tokenize(" " * 64, special=False)
    assert model.piece(token) == b" " * 64


@pytest.mark.parametrize("length", [65, 128, 4096])
def test_a_token_of_any_length_has_all_its_bytes(tmp_path: Path, length: int) -> None:
    known = vocabulary()
    token = len(known.tokens)
    longer = Vocabulary([*known.tokens, "x" * length], [*known.types, 1], known.merges)
    write(tmp_path / "x.gguf", SHAPE, longer, name="x", seed=0, dtype=np.float32)
    model = Model(tmp_path / "x.gguf")
    assert model.piece(token) == b"x" * length
    model.close()


def test_every_token_has_a_piece(model: Model) -> None:
    pieces = {model.piece(token) for token in range(model.vocabulary_size)}
    assert {bytes([byte]) for byte in range(256)} <= pieces


def test_a_turn_ends_with_either_end_token(model: Model) -> None:
    ends = {model.text_of(token) for token in model.end_tokens}
    assert {"<|im_end|>", "<|endoftext|>"} <= ends


def test_an_end_token_counts_though_the_file_does_not_say_so(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_cpp, "llama_vocab_is_eog", lambda _vocab, _token: False)
    assert {model.text_of(t) for t in model._find_end_tokens()} == {"<|im_end|>", "<|endoftext|>"}


def test_what_the_file_says(model: Model) -> None:
    assert model.architecture == "qwen2"
    assert model.context_length == SHAPE.context
    assert model.vocabulary_size == len(vocabulary().tokens)
    assert model.begin_text == model.end_text == "<|endoftext|>"
    assert model.chat_template is not None
    assert "<|im_start|>" in model.chat_template


def test_there_is_no_text_of_no_token(model: Model) -> None:
    assert model.text_of(-1) == ""


def test_a_file_without_a_chat_template(tmp_path: Path) -> None:
    build(tmp_path / "x.gguf", chat_template=None)
    model = Model(tmp_path / "x.gguf")
    assert model.chat_template is None
    model.close()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text there")
def test_a_file_name_that_is_no_utf8(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"gr\xfcn.gguf")
    path.symlink_to(tiny_model)
    Model(path).close()


# Sequences


def test_reading_in_pieces_gives_the_same_logits(
    make_context: MakeContext, tokens: list[int]
) -> None:
    whole = read(make_context(), tokens)
    context = make_context()
    for start in range(0, len(tokens), 7):
        pieces = read(context, tokens[start : start + 7])
    assert context.length == len(tokens)
    assert same(pieces, whole)


def test_an_empty_context_has_no_length(context: Context) -> None:
    assert context.length == 0


@pytest.fixture(params=[True, False], ids=["flash attention", "plain attention"])
def make_alike(request: pytest.FixtureRequest, make_context: MakeContext) -> MakeContext:
    """Makes contexts that keep their values in one order or the other."""
    return partial(make_context, flash_attention=request.param)


def test_what_was_saved_is_as_good_as_read(make_alike: MakeContext, tokens: list[int]) -> None:
    fresh = read(make_alike(), tokens)
    context = make_alike()
    read(context, tokens[:199])
    state = context.save(0, 199)
    context.truncate(0)
    read(context, tokens[50:150])
    context.truncate(0)
    assert context.load(state)
    assert context.length == 199
    assert same(read(context, tokens[199:]), fresh)


def test_a_saved_stretch_goes_behind_what_it_stood_behind(
    make_alike: MakeContext, tokens: list[int]
) -> None:
    fresh = read(make_alike(), tokens)
    source = make_alike()
    read(source, tokens[:199])
    states = [source.save(120, 199), source.save(0, 120)]
    assert source.length == 199
    context = make_alike()
    read(context, tokens[60:110])
    context.truncate(0)
    assert context.load(states[1])
    assert context.load(states[0])
    assert context.length == 199
    assert same(read(context, tokens[199:]), fresh)


def test_a_stretch_is_small(context: Context, tokens: list[int]) -> None:
    read(context, tokens)
    whole, half = (len(context.save(start, 200)) for start in (0, 100))
    assert half < 0.6 * whole


def test_a_stretch_may_be_cut_and_gone_on_with(make_alike: MakeContext, tokens: list[int]) -> None:
    fresh = read(make_alike(), tokens[:150] + tokens[10:40])
    context = make_alike()
    read(context, tokens)
    state = context.save(100, 200)
    context.truncate(100)
    context.load(state)
    context.truncate(150)
    assert same(read(context, tokens[10:40]), fresh)


def test_nothing_is_loaded_where_there_is_no_room(
    make_context: MakeContext, tokens: list[int]
) -> None:
    large = make_context()
    read(large, tokens)
    read(large, tokens)
    small = make_context(tokens=256)
    fresh = read(make_context(), tokens)
    read(small, tokens[:199])
    assert not small.load(large.save(199, 400))
    assert small.length == 199
    assert same(read(small, tokens[199:]), fresh)


def test_copies_lead_to_depth(context: Context, tokens: list[int]) -> None:
    read(context, tokens[:100])
    state = context.save(0, 100)
    assert context.load(state, shift=100)
    assert context.load(state, shift=200)
    assert context.length == 300
    read(context, tokens[:1])
    assert context.length == 301


def test_logits_after_a_cut_are_those_of_a_fresh_context(
    make_context: MakeContext, tokens: list[int]
) -> None:
    fresh = read(make_context(), tokens[:100])
    context = make_context()
    read(context, tokens)
    context.truncate(99)
    assert context.length == 99
    assert same(read(context, tokens[99:100]), fresh)


def test_cutting_at_the_end_or_beyond_changes_nothing(context: Context, tokens: list[int]) -> None:
    read(context, tokens)
    context.truncate(len(tokens))
    context.truncate(10_000)
    assert context.length == len(tokens)


def test_a_full_context_says_so_and_keeps_what_it_has(
    make_context: MakeContext, tokens: list[int]
) -> None:
    fresh = read(make_context(), [*tokens, tokens[0]])
    context = make_context(tokens=256)
    read(context, tokens)
    assert context.decode(tokens, start=200) == DECODE_FULL
    assert context.length == 200
    assert same(read(context, tokens[:1]), fresh)


# Aborts


class CountedAbort(AbortFlag):
    """Stops a decode at llama.cpp's nth look at the flag, and at all that follow."""

    def __init__(self, stop_at: int = sys.maxsize) -> None:
        super().__init__()
        self.stop_at = stop_at
        self.looks = 0
        self.callback = llama_cpp.ggml_abort_callback(self._look)

    def _look(self, _data: object) -> bool:
        self.looks += 1
        return self.looks >= self.stop_at


def test_a_set_flag_stops_a_decode_at_once(
    context: Context, abort: AbortFlag, tokens: list[int]
) -> None:
    abort.set()
    assert context.decode(tokens, start=0) == DECODE_ABORTED
    assert context.length == 0


def test_a_cleared_flag_stops_nothing(
    make_context: MakeContext, abort: AbortFlag, tokens: list[int]
) -> None:
    fresh = read(make_context(), tokens)
    context = make_context()
    abort.set()
    context.decode(tokens, start=0)
    abort.clear()
    assert same(read(context, tokens), fresh)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_what_was_read_before_an_abort_stays(
    make_context: MakeContext, tokens: list[int], share: float
) -> None:
    whole = CountedAbort()
    fresh = read(make_context(flag=whole), tokens)
    flag = CountedAbort(stop_at=int(whole.looks * share))
    context = make_context(flag=flag)
    assert context.decode(tokens, start=0) == DECODE_ABORTED
    kept = context.length
    assert kept % MICRO_BATCH == 0
    assert abs(kept - len(tokens) * share) <= MICRO_BATCH
    flag.stop_at = sys.maxsize
    assert same(read(context, tokens[kept:]), fresh)


def test_an_abort_leaves_what_was_there(
    make_context: MakeContext, abort: AbortFlag, tokens: list[int]
) -> None:
    fresh = read(make_context(), tokens)
    context = make_context()
    read(context, tokens[:150])
    abort.set()
    assert context.decode(tokens, start=150) == DECODE_ABORTED
    abort.clear()
    assert context.length == 150
    assert same(read(context, tokens[150:]), fresh)


# Drawing


def draws(context: Context, tokens: list[int], number: int = 20, **sampling: float) -> list[int]:
    """What a sampler writes after `tokens`."""
    context.truncate(0)
    read(context, tokens)
    sampler = Sampler(**sampling)  # type: ignore[arg-type]
    drawn = [sampler.draw(context)]
    while len(drawn) < number:
        read(context, drawn[-1:])
        drawn.append(sampler.draw(context))
    sampler.close()
    sampler.close()
    return drawn


def test_temperature_0_takes_the_likeliest(context: Context, tokens: list[int]) -> None:
    likeliest = int(read(context, tokens).argmax())
    assert draws(context, tokens, 1, temperature=0, top_p=0.9, seed=1) == [likeliest]


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 2, 2**32 - 1])
def test_a_seed_gives_the_same_tokens(context: Context, tokens: list[int], seed: int) -> None:
    first, again = (draws(context, tokens, temperature=1, top_p=1, seed=seed) for _ in range(2))
    assert first == again


def test_another_seed_gives_other_tokens(context: Context, tokens: list[int]) -> None:
    first, other = (draws(context, tokens, temperature=1, top_p=1, seed=seed) for seed in (1, 2))
    assert first != other


def test_a_small_top_p_takes_the_likeliest(context: Context, tokens: list[int]) -> None:
    likeliest = draws(context, tokens, temperature=0, top_p=1, seed=0)
    assert draws(context, tokens, temperature=2, top_p=0.001, seed=3) == likeliest


# Damaged files


def refusal(path: Path) -> str:
    """The sentence about a file that can't be loaded."""
    with pytest.raises(ModelError) as caught:
        Model(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path.name} can't be loaded")
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    "content",
    [b"", b"GGUF", b"GGUF\3\0\0\0", b"GGML" + bytes(100), b"<html>not found</html>", bytes(1000)],
    ids=ascii,
)
def test_a_file_that_is_no_gguf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    refusal(path)


@pytest.mark.parametrize("share", [0.0001, 0.001, 0.01, 0.05, 0.3, 0.6, 0.99])
def test_a_download_that_broke_off(tiny_model: Path, tmp_path: Path, share: float) -> None:
    path = tmp_path / "x.gguf"
    content = tiny_model.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert "may be damaged" in refusal(path)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kept", [4, 8, 24])
def test_random_bytes_after_a_good_beginning(
    tiny_model: Path, tmp_path: Path, kept: int, seed: int
) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(tiny_model.read_bytes()[:kept] + random.Random(seed).randbytes(3000))
    refusal(path)


def test_the_reason_is_the_first_that_llama_cpp_gives(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(tiny_model.read_bytes()[:-1000])
    assert "not within the file bounds" in refusal(path)


def test_a_missing_file(tmp_path: Path) -> None:
    refusal(tmp_path / "x.gguf")


def test_a_refusal_does_not_spoil_the_next_model(tiny_model: Path, tmp_path: Path) -> None:
    refusal(tmp_path / "x.gguf")
    Model(tiny_model).close()
