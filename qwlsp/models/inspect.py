"""What a GGUF file is, read without loading it; and whether llama.cpp can be trusted with it.

llama.cpp ends its process where a file contradicts itself. So what it takes for granted in all
architectures, and in those related to Qwen2, is checked here first: sizes, the vocabulary, special
tokens, the types of weights.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gguf.constants import GGMLQuantizationType, GGUFValueType, LlamaFileType

from qwlsp.errors import ModelError
from qwlsp.models.metadata import (
    TOKENS,
    Array,
    Damaged,
    Metadata,
    Tensor,
    Value,
    read_metadata,
)

MAX_LAYERS = 512
MAX_EXPERTS = 1024
MAX_CONTEXT = 2**31 - 1
MAX_WIDTH = 1 << 20
"""Numbers of an embedding, a head, or heads of a layer; real models have thousands."""
FEWEST_TOKENS = 16
"""llama.cpp's own default ids of special tokens are below."""
F16_BYTES = 2
GUESSED = 1024
"""Added to a file type that a converter has guessed."""

TYPE, ARCHITECTURE, FILE_TYPE = "general.type", "general.architecture", "general.file_type"
TEMPLATE, TOKENIZER = "tokenizer.chat_template", "tokenizer.ggml.model"
MERGES, SCORES = "tokenizer.ggml.merges", "tokenizer.ggml.scores"
KINDS = "tokenizer.ggml.token_type"
SPECIAL = tuple(f"tokenizer.ggml.{name}_token_id" for name in ("bos", "eos", "eot"))
PARTS = "split.count"

WRITERS = {"gpt2", "llama", "rwkv", "plamo2", "gemma4"}
"""Tokenizers of models that write; the others only read, to compare texts or to translate."""
READERS = {
    "dream", "llada", "llada-moe", "rnd1", "eurobert", "modern-bert", "neo-bert",
    "gemma-embedding", "llama-embed", "t5", "t5encoder", "wavtokenizer-dec",
}  # fmt: skip
"""Architectures that see a whole text at once, so that they can't write it word by word, whatever
their files say."""
WHOLE_HEADS = {
    "llama", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "mistral3", "smollm3", "granite", "olmo2",
    "exaone", "exaone4", "internlm2", "starcoder2", "falcon", "deepseek", "llama4",
}  # fmt: skip
"""Architectures in which llama.cpp insists on turning all numbers of a head."""
SCALINGS = {"none", "linear", "yarn", "longrope"}
NOT_WEIGHTS = {
    GGMLQuantizationType[name]
    for name in ("I8", "I16", "I32", "I64", "F64", "Q8_1", "Q8_K")
}  # fmt: skip
"""Types that nothing can be multiplied with."""
PART = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL)
"""The name of one of several files that are one model."""


@dataclass(frozen=True, kw_only=True)
class GgufFile:
    """A model that can be loaded, as far as that can be told beforehand."""

    name: str
    size_bytes: int
    """Of all its parts."""
    parts: int
    quantization: str
    """As llama.cpp names it, e.g. "Q4_K_M"."""
    architecture: str
    context_length: int
    """Tokens it was trained on."""
    layers: int
    kv_bytes_per_token: int
    """F16 keys and values of all layers."""
    tokens: int
    """In its vocabulary."""
    chat_template: str | None
    """jinja2, untrusted."""


def inspect(path: Path) -> GgufFile:
    """What the model at `path` is. Raises ModelError where it can't be loaded, with the reason."""
    try:
        metadata = _all_parts(path)
        _check_kind(metadata.values)
        values = _Values(metadata.values)
        _check_architecture(values)
        tokens = _check_vocabulary(values)
        _check_tensors(metadata.tensors, values, tokens)
    except Damaged as error:
        raise ModelError(f"{path.name} can't be loaded: {error}.") from error
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise ModelError(f"{path.name} can't be loaded: {reason}.") from error
    template = values.given.get(TEMPLATE)
    return GgufFile(
        name=path.stem,
        size_bytes=metadata.size_bytes,
        parts=values.whole(PARTS, default=1),
        quantization=_quantization(values, metadata.tensors),
        architecture=values.architecture,
        context_length=values.size("context_length"),
        layers=values.size("block_count"),
        kv_bytes_per_token=_kv_bytes(values),
        tokens=tokens,
        chat_template=template if isinstance(template, str) else None,
    )


class _Values:
    """The metadata, asked for by its names. Raises Damaged where one is not as it must be."""

    def __init__(self, given: dict[str, Value]) -> None:
        self.given = given
        architecture = given.get(ARCHITECTURE)
        if not isinstance(architecture, str) or not re.fullmatch(r"[\w.-]{1,64}", architecture):
            raise Damaged(f"{ARCHITECTURE} is missing, or no name")
        self.architecture = architecture

    def whole(self, key: str, *, default: int, low: int = 0, high: int = MAX_WIDTH) -> int:
        """A whole number from `low` to `high`."""
        value = self.given.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Damaged(f"{key} is no whole number")
        if key in self.given and not low <= value <= high:
            raise Damaged(f"{key} is {value}")
        return value

    def size(self, name: str, *, default: int = 0, low: int = 1, high: int = MAX_CONTEXT) -> int:
        """A size of this architecture, which must be there if it has no default."""
        key = self.key(name)
        if not default and key not in self.given:
            raise Damaged(f"{key} is missing")
        return self.whole(key, default=default, low=low, high=high)

    def key(self, name: str) -> str:
        """The full name of something of this architecture."""
        return f"{self.architecture}.{name}"

    def by_layer(self, name: str, *, default: list[int] | None = None) -> list[int]:
        """A number for each layer: the file has one for all of them, or a list."""
        key, layers = self.key(name), self.size("block_count", high=MAX_LAYERS)
        value = self.given.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, Array):
            return [self.size(name, high=MAX_WIDTH)] * layers
        items = [item for item in value.items or () if isinstance(item, int)]
        if len(items) != layers or not all(0 <= item <= MAX_WIDTH for item in items):
            raise Damaged(f"{key} is no list of {layers} sizes")
        return items

    def check_number(self, name: str) -> None:
        """Raise Damaged where a number of this architecture is no positive one."""
        value = self.given.get(self.key(name), 1.0)
        if not isinstance(value, float) or not math.isfinite(value) or value <= 0:
            raise Damaged(f"{self.key(name)} is no positive number")

    def texts(self, key: str) -> Array:
        """A list of texts."""
        value = self.given.get(key)
        if not isinstance(value, Array) or value.kind is not GGUFValueType.STRING:
            raise Damaged(f"{key} is missing, or no list of texts")
        return value


def _all_parts(path: Path) -> Metadata:
    """The metadata of a model, which may be split into several files."""
    first = read_metadata(path)
    count = first.values.get(PARTS, 1)
    if count == 1:
        return first
    match = PART.fullmatch(path.name)
    if not isinstance(count, int) or not match or int(match[3]) != count:
        raise Damaged("it is a part of a model, and its name does not say which")
    if int(match[2]) != 1:
        raise Damaged(f"it is part {int(match[2])} of {count}; name the first one")
    tensors, size = dict(first.tensors), first.size_bytes
    for number in range(2, count + 1):
        part = read_metadata(path.with_name(f"{match[1]}-{number:05}-of-{count:05}.gguf"))
        tensors |= part.tensors
        size += part.size_bytes
    return Metadata(first.values, tensors, size)


def _check_kind(values: dict[str, Value]) -> None:
    kind = values.get(TYPE, "model")
    if kind != "model" or values.get(ARCHITECTURE) == "clip":
        what = "an adapter" if kind == "adapter" else "a part for images or sounds"
        raise Damaged(f"it is no model, but {what} of one")
    tokenizer = values.get(TOKENIZER)
    causal = values.get(f"{values.get(ARCHITECTURE)}.attention.causal", True)
    reads = isinstance(tokenizer, str) and (tokenizer not in WRITERS or causal is False)
    if reads or values.get(ARCHITECTURE) in READERS:
        raise Damaged("it is not a model that writes text")


def _check_architecture(values: _Values) -> None:
    values.size("context_length")
    layers = values.size("block_count", high=MAX_LAYERS)
    values.whole(values.key("nextn_predict_layers"), default=0, high=layers)
    heads = values.by_layer("attention.head_count")
    for own, shared in zip(heads, _kv_heads(values), strict=True):
        if own and (shared > own or (shared and own % shared)):
            raise Damaged(f"{own} heads can't share {shared} keys")
    keys, numbers = _head_sizes(values)
    turned = values.size("rope.dimension_count", default=keys)
    whole = values.architecture in WHOLE_HEADS
    if turned % 2 or turned > keys or (whole and (turned != keys or keys != numbers)):
        raise Damaged(f"{values.key('rope.dimension_count')} is {turned}, of {keys} in a head")
    for name in ("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"):
        values.check_number(name)
    values.check_number("rope.freq_base")
    scaling = values.given.get(values.key("rope.scaling.type"), "none")
    if not isinstance(scaling, str) or scaling not in SCALINGS:
        raise Damaged(f"{values.key('rope.scaling.type')} is not known")
    _check_experts(values, layers)


def _check_experts(values: _Values, layers: int) -> None:
    experts = values.whole(values.key("expert_count"), default=0, high=MAX_EXPERTS)
    used = max(values.by_layer("expert_used_count", default=[0] * layers))
    groups = values.whole(values.key("expert_group_count"), default=0)
    used_groups = values.whole(values.key("expert_group_used_count"), default=0)
    if used > experts or (experts and not used):
        raise Damaged(f"it uses {used} of {experts} experts")
    if groups and groups >= experts:
        raise Damaged(f"it has {groups} groups of {experts} experts")
    if groups > 1 and (experts % groups or not 0 < used_groups < groups):
        raise Damaged(f"it uses {used_groups} of {groups} groups of experts")


def _check_vocabulary(values: _Values) -> int:
    """How many tokens there are."""
    if not isinstance(values.given.get(TOKENIZER), str):
        raise Damaged(f"{TOKENIZER} is missing, or no name")
    tokens = values.texts(TOKENS)
    count = tokens.length
    if count < FEWEST_TOKENS:
        raise Damaged(f"its vocabulary has only {count} tokens")
    assert isinstance(tokens.items, list)
    known = _as_known(tokens.items)
    if len(known) != count:
        raise Damaged("a token is there twice")
    if values.given[TOKENIZER] == "gpt2":
        values.texts(MERGES)
    elif values.given[TOKENIZER] == "llama":
        missing = [n for n in range(256) if not {b"<0x%02X>" % n, bytes([n])} & known]
        if missing:
            raise Damaged(f"its vocabulary lacks the byte {missing[0]}")
    for key in (SCORES, KINDS):
        value = values.given.get(key)
        if value is not None and not (isinstance(value, Array) and value.length == count):
            raise Damaged(f"{key} is no list of {count} numbers")
    for key in SPECIAL:
        values.whole(key, default=0, high=count - 1)
    return count


def _as_known(tokens: list[bytes]) -> set[bytes]:
    """What llama.cpp makes of the tokens: for C, a zero ends a text, and none may be empty."""
    known = set(tokens)
    if b"" in known or b"\0" in b"".join(tokens):
        texts = (token.partition(b"\0")[0] for token in tokens)
        known = {text or b"[EMPTY_%d]" % index for index, text in enumerate(texts)}
    return known


def _check_tensors(tensors: dict[str, Tensor], values: _Values, tokens: int) -> None:
    if not tensors:
        raise Damaged("it has no weights")
    width = values.size("embedding_length")
    embedding = tensors.get("token_embd.weight")
    if embedding is None or embedding.shape != (width, tokens):
        raise Damaged(f"its embedding is not {tokens} times {width} numbers")
    for tensor in tensors.values():
        if not tensor.name.endswith((".weight", ".bias")):
            continue
        is_vector = len(tensor.shape) == 1
        wrong = tensor.kind is not GGMLQuantizationType.F32 if is_vector else False
        if wrong or tensor.kind in NOT_WEIGHTS:
            raise Damaged(f"its tensor {ascii(tensor.name)[1:-1]} is stored as {tensor.kind.name}")


def _kv_heads(values: _Values) -> list[int]:
    own = values.by_layer("attention.head_count")
    return values.by_layer("attention.head_count_kv", default=own)


def _head_sizes(values: _Values) -> tuple[int, int]:
    """Numbers of a key, and of a value, of one head."""
    heads = next(filter(None, values.by_layer("attention.head_count")), 0)
    if not heads:
        raise Damaged("it has no attention")
    width = values.size("embedding_length", high=MAX_WIDTH)
    own = [values.key(f"attention.{name}_length") in values.given for name in ("key", "value")]
    if width % heads and not all(own):
        raise Damaged(f"{width} numbers can't be divided among {heads} heads")
    usual = max(1, width // heads)
    return (
        values.size("attention.key_length", default=usual, high=MAX_WIDTH),
        values.size("attention.value_length", default=usual, high=MAX_WIDTH),
    )


def _kv_bytes(values: _Values) -> int:
    return F16_BYTES * sum(_kv_heads(values)) * sum(_head_sizes(values))


def _quantization(values: _Values, tensors: dict[str, Tensor]) -> str:
    """What the file says it is, else the type that most of its bytes have."""
    number = values.given.get(FILE_TYPE)
    if isinstance(number, int):
        known = {int(kind): kind.name for kind in LlamaFileType if kind != GUESSED}
        if name := known.get(number & ~GUESSED):
            return name.removeprefix("MOSTLY_").removeprefix("ALL_")
    sizes: Counter[str] = Counter()
    for tensor in tensors.values():
        sizes[tensor.kind.name] += tensor.size_bytes
    return sizes.most_common(1)[0][0]
