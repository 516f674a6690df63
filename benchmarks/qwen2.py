"""GGUF files with Qwen2's architecture and random weights.

Knows which tensors and metadata llama.cpp wants of a `qwen2` model. Size and vocabulary are the
caller's: the synthetic benchmark model and the tests' tiny one are both written here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import DTypeLike, NDArray

CHATML = """\
{%- if messages[0]['role'] != 'system' -%}
<|im_start|>system
You are a helpful assistant.<|im_end|>
{% endif -%}
{%- for message in messages -%}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '<|im_start|>assistant\\n' }}
{%- endif -%}
"""
"""Chat template in the form of Qwen2.5's, without tools: adds a system message where none is."""

END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True)
class Shape:
    """Sizes of a Qwen2 model, in numbers of values."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    ffn: int
    context: int = 32_768

    @property
    def kv_width(self) -> int:
        """Width of one token's keys, and of its values, in one layer."""
        return self.width // self.heads * self.kv_heads


@dataclass(frozen=True)
class Vocabulary:
    """A byte-level BPE vocabulary, as GGUF stores it.

    `tokens` are texts in GPT-2's byte encoding, `types` are `gguf.TokenType` values, one a token;
    `merges` are pairs "LEFT RIGHT", the first one applied first.
    """

    tokens: list[str]
    types: list[int]
    merges: list[str]

    @property
    def control(self) -> list[int]:
        """Ids of the tokens that are no text, such as the end of a turn."""
        return [i for i, kind in enumerate(self.types) if kind == gguf.TokenType.CONTROL]


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]  # (outputs, inputs) of a matrix

    @property
    def is_matrix(self) -> bool:
        return len(self.shape) == 2


def write(
    path: Path,
    shape: Shape,
    vocabulary: Vocabulary,
    *,
    name: str,
    seed: int,
    dtype: DTypeLike,
    attention_gain: float = 1,
    chat_template: str | None = CHATML,
) -> None:
    """Write a model whose matrices are normally distributed numbers of type `dtype`.

    A small model needs an `attention_gain` above 1: the factor by which queries and keys are
    larger than chance makes them. Without it the next token depends on little but the last one.
    The input embedding is the output matrix too, as in Qwen2.5-0.5B. One tensor at a time is in
    memory. Raises OSError where `path` cannot be written.
    """
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_name(name)
    writer.add_file_type(
        gguf.LlamaFileType.ALL_F32 if dtype == np.float32 else gguf.LlamaFileType.MOSTLY_F16
    )
    _add_sizes(writer, shape)
    _add_tokenizer(writer, vocabulary)
    if chat_template is not None:
        writer.add_chat_template(chat_template)
    tensors = list(_tensors(shape, len(vocabulary.tokens)))
    for tensor in tensors:
        stored = np.dtype(dtype if tensor.is_matrix else np.float32)
        nbytes = int(np.prod(tensor.shape)) * stored.itemsize
        writer.add_tensor_info(tensor.name, tensor.shape, stored, nbytes)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        random = np.random.default_rng(seed)
        for tensor in tensors:
            values = _values(tensor, random, vocabulary)
            if tensor.name.endswith(("attn_q.weight", "attn_k.weight")):
                values *= attention_gain
            writer.write_tensor_data(values.astype(dtype) if tensor.is_matrix else values)
    finally:
        writer.close()


def _add_sizes(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-6)


def _add_tokenizer(writer: gguf.GGUFWriter, vocabulary: Vocabulary) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    writer.add_token_merges(vocabulary.merges)
    end = vocabulary.tokens.index(END_OF_TEXT)
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    writer.add_pad_token_id(end)
    writer.add_add_bos_token(False)


def _tensors(shape: Shape, vocabulary_size: int) -> Iterator[_Tensor]:
    width, kv_width, ffn = shape.width, shape.kv_width, shape.ffn
    yield _Tensor("token_embd.weight", (vocabulary_size, width))
    yield _Tensor("output_norm.weight", (width,))
    for layer in range(shape.layers):
        block = {
            "attn_norm.weight": (width,),
            "attn_q.weight": (width, width),
            "attn_q.bias": (width,),
            "attn_k.weight": (kv_width, width),
            "attn_k.bias": (kv_width,),
            "attn_v.weight": (kv_width, width),
            "attn_v.bias": (kv_width,),
            "attn_output.weight": (width, width),
            "ffn_norm.weight": (width,),
            "ffn_gate.weight": (ffn, width),
            "ffn_up.weight": (ffn, width),
            "ffn_down.weight": (width, ffn),
        }
        for suffix, size in block.items():
            yield _Tensor(f"blk.{layer}.{suffix}", size)


def _values(
    tensor: _Tensor, random: np.random.Generator, vocabulary: Vocabulary
) -> NDArray[np.float32]:
    """Weights that keep activations near 1, and so logits spread by about 1."""
    if tensor.name.endswith("norm.weight"):
        return np.ones(tensor.shape, np.float32)
    values = random.standard_normal(tensor.shape, np.float32)
    if not tensor.is_matrix:
        return 0.1 * values
    values /= np.sqrt(np.float32(tensor.shape[1]))
    if tensor.name == "token_embd.weight":
        # Nearly never sampled: a benchmark or a test gets the number of tokens it asked for.
        values[vocabulary.control] *= 0.1
    return values
