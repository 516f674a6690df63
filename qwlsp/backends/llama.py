"""llama.cpp through the low-level bindings of llama-cpp-python: a model, a context, a sampler.

The only module that imports llama_cpp. It knows tokens and sequences, but nothing of chats,
requests or processes. One thread owns all objects made here; only `AbortFlag` may be touched
from another one.
"""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import llama_cpp as llama
import numpy as np
import numpy.typing as npt

from qwlsp.errors import EngineError, ModelError

Tokens = list[int] | npt.NDArray[np.int32]

KvType = Literal["f16", "q8_0", "q4_0"]
KV_TYPES: dict[KvType, int] = {"f16": 1, "q8_0": 8, "q4_0": 2}
"""Numbers of `enum ggml_type`."""
KV_BYTES: dict[KvType, float] = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""For each key or value."""
LLAMA_VERSION: str = llama.__version__
LOG_ERROR, LOG_CONTINUED = 4, 5
"""Of `ggml.h`; llama_cpp's own table is out of date."""
DECODE_FULL, DECODE_ABORTED = 1, 2
END_TOKENS = ("<|im_end|>", "<|endoftext|>")
"""Ends of a turn that some files fail to mark as such."""


class _Log:
    """Takes llama.cpp's log: errors go to stderr, unless `muted`. `reason` is the first one since
    it was cleared: those that follow only say that, therefore, something bigger failed."""

    def __init__(self) -> None:
        self.reason = ""
        self.muted = False
        self._level = 0
        self._callback = llama.llama_log_callback(self._write)
        llama.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _write(self, level: int, text: bytes, _data: object) -> None:
        if level != LOG_CONTINUED:
            self._level = level
        if self._level == LOG_ERROR and (line := text.decode("utf-8", "replace").strip()):
            self.reason = self.reason or line
            if not self.muted:
                print(f"llama.cpp: {line}", file=sys.stderr)


_log = _Log()


class AbortFlag:
    """Stops a running decode from any thread, without the interpreter's lock.

    llama.cpp calls the abort callback hundreds of times for each micro-batch. A Python callback
    would need the lock each time; C's `strlen` over the two bytes `[flag, 0]` needs none.
    """

    def __init__(self) -> None:
        self._bytes = (ctypes.c_char * 2)(b"\0", b"\0")
        libc = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
        self.callback = ctypes.cast(libc.strlen, llama.ggml_abort_callback)
        self.address = ctypes.cast(self._bytes, ctypes.c_void_p)

    def set(self) -> None:
        """Stop what is being decoded, and whatever is decoded until `clear`."""
        self._bytes[0] = b"\1"

    def clear(self) -> None:
        """Let decodes run again."""
        self._bytes[0] = b"\0"


class Model:
    """The weights and the vocabulary of one GGUF file. Raises ModelError if it can't be loaded."""

    def __init__(self, path: Path, *, gpu_layers: int = 0, mapped: bool = True) -> None:
        """`mapped`: use the file's pages in place instead of a copy of them."""
        llama.llama_backend_init()
        params = llama.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        params.load_mode = llama.LLAMA_LOAD_MODE_MMAP if mapped else llama.LLAMA_LOAD_MODE_NONE
        _log.reason = ""
        self._model = llama.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            reason = _log.reason or "llama.cpp gives no reason"
            raise ModelError(f"{path.name} can't be loaded, it may be damaged ({reason}).")
        self._vocab = llama.llama_model_get_vocab(self._model)
        if not llama.llama_vocab_n_tokens(self._vocab):
            self.close()
            raise ModelError(f"{path.name} has no vocabulary, so it can't answer anything.")
        self._pieces: dict[int, bytes] = {}
        self.vocabulary_size: int = llama.llama_vocab_n_tokens(self._vocab)
        self.size: int = llama.llama_model_size(self._model)
        self.kv_values_per_token = _kv_values_per_token(self._model)
        self.context_length: int = llama.llama_model_n_ctx_train(self._model)
        self.has_window: bool = llama.llama_model_n_swa(self._model) > 0
        """Whether some layers see only the last tokens: saved states are not whole then."""
        self.end_tokens = self._find_end_tokens()

    def close(self) -> None:
        """Free the weights; no context of this model may be in use."""
        llama.llama_model_free(self._model)

    @property
    def handle(self) -> Any:
        """The C object, for contexts."""
        return self._model

    @property
    def architecture(self) -> str:
        """What the file says it is, e.g. "qwen2"."""
        return _metadata(self._model, "general.architecture")

    @property
    def chat_template(self) -> str | None:
        """The file's own jinja2 template, untrusted."""
        template = llama.llama_model_chat_template(self._model, None)
        return template.decode("utf-8", "replace") if template else None

    def text_of(self, token: int) -> str:
        """How the vocabulary spells a token, "" where there is none (special ones too)."""
        if token < 0:
            return ""
        return str(llama.llama_vocab_get_text(self._vocab, token).decode("utf-8", "replace"))

    @property
    def begin_text(self) -> str:
        """The token that begins a text, as chat templates want it."""
        return self.text_of(llama.llama_vocab_bos(self._vocab))

    @property
    def end_text(self) -> str:
        """The token that ends a text, as chat templates want it."""
        return self.text_of(llama.llama_vocab_eos(self._vocab))

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """The tokens of a text. `special` turns markup such as `<|im_start|>` into its token:
        only for text that we wrote ourselves, never for a person's code."""
        data = text.encode("utf-8", "replace")
        size = len(data) + 8
        tokens = (llama.llama_token * size)()
        count = llama.llama_tokenize(self._vocab, data, len(data), tokens, size, False, special)
        if count < 0:
            raise EngineError(f"The model's tokenizer refused a text of {len(data)} bytes.")
        return tokens[:count]

    def piece(self, token: int) -> bytes:
        """The bytes of a token; control tokens have none."""
        if (piece := self._pieces.get(token)) is None:
            piece = self._pieces[token] = self._piece(token)
        return piece

    def pieces(self) -> list[bytes]:
        """The bytes of every token; takes a third of a second for Qwen2's 151,936."""
        return [self._piece(token) for token in range(self.vocabulary_size)]

    def _piece(self, token: int) -> bytes:
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            count = llama.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if count >= 0:
                return buffer.raw[:count]
            size = -count  # the size it needs: long runs of white space are one token

    def _find_end_tokens(self) -> frozenset[int]:
        ends = {
            token
            for token in range(self.vocabulary_size)
            if llama.llama_vocab_is_eog(self._vocab, token)
        }
        for text in END_TOKENS:
            tokens = self.tokenize(text, special=True)
            if len(tokens) == 1:
                ends.add(tokens[0])
        return frozenset(ends)


AT_WORK, ASIDE = 0, 1
"""Sequences of a context: the one at work, and one by which stretches get into it and out."""


@dataclass(frozen=True, kw_only=True)
class ContextSize:
    """The shape of a context."""

    tokens: int
    batch: int = 512
    micro_batch: int = 128
    outputs: int = 32
    """Tokens whose logits one decode may keep."""
    threads: int
    flash_attention: bool = False
    kv_type: KvType = "f16"


class Context:
    """The key/value memory of one model: one sequence, stretches of which can be saved."""

    def __init__(self, model: Model, size: ContextSize, abort: AbortFlag) -> None:
        params = llama.llama_context_default_params()
        params.n_ctx = size.tokens
        params.n_batch = size.batch
        params.n_ubatch = size.micro_batch
        params.n_seq_max = 2
        params.n_outputs_max = size.outputs
        params.n_threads = params.n_threads_batch = size.threads
        params.kv_unified = True  # without it a partial copy of a sequence ends the process
        params.type_k = params.type_v = KV_TYPES[size.kv_type]
        params.flash_attn_type = (
            llama.LLAMA_FLASH_ATTN_TYPE_ENABLED
            if size.flash_attention
            else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        params.no_perf = True
        params.abort_callback = abort.callback
        params.abort_callback_data = abort.address
        self.size = size
        self._abort = abort
        self._vocabulary_size = model.vocabulary_size
        _log.reason = ""
        self._context = llama.llama_init_from_model(model.handle, params)
        if not self._context:
            raise EngineError(
                f"There is not enough memory for a context of {size.tokens} tokens"
                f" ({_log.reason or 'no reason given'})."
            )
        self._memory = llama.llama_get_memory(self._context)
        self._batch = _Batch(size.batch)

    def close(self) -> None:
        """Free the memory."""
        llama.llama_free(self._context)

    @property
    def handle(self) -> Any:
        """The C object, for samplers."""
        return self._context

    def decode(self, tokens: Tokens, *, start: int, outputs: int = 1) -> int:
        """Read `tokens` (at most `size.batch`) at positions from `start` on; logits are kept of
        the last `outputs` ones.

        Returns 0, DECODE_FULL when there is no room, or DECODE_ABORTED; then `length` says how
        much was kept. Raises EngineError for anything else.
        """
        batch = self._batch.fill(tokens, start, outputs)
        _log.reason, _log.muted = "", True  # it calls a stop on purpose an error
        status: int = llama.llama_decode(self._context, batch)
        _log.muted = False
        if status not in (0, DECODE_FULL, DECODE_ABORTED):
            raise EngineError(
                f"llama.cpp could not read the prompt ({_log.reason or f'status {status}'})."
            )
        return status

    def logits(self, index: int = -1) -> npt.NDArray[np.float32]:
        """The scores of all tokens after a decoded one, the last one by default; a view that may
        be written to, valid until the next decode. `index` counts the kept ones from the end."""
        pointer = llama.llama_get_logits_ith(self._context, index)
        return np.ctypeslib.as_array(pointer, shape=(self._vocabulary_size,))

    @property
    def length(self) -> int:
        """Tokens in the sequence."""
        return int(llama.llama_memory_seq_pos_max(self._memory, AT_WORK)) + 1

    def truncate(self, length: int) -> None:
        """Forget what the sequence holds from position `length` on."""
        llama.llama_memory_seq_rm(self._memory, AT_WORK, length, -1)

    def save(self, start: int, end: int) -> bytearray:
        """What the sequence holds from position `start` to `end`, for `load`; no scores."""
        llama.llama_memory_seq_cp(self._memory, AT_WORK, ASIDE, start, end)
        size = llama.llama_state_seq_get_size(self._context, ASIDE)
        state = bytearray(size)
        array = (ctypes.c_uint8 * size).from_buffer(state)
        written = llama.llama_state_seq_get_data(self._context, array, size, ASIDE)
        llama.llama_memory_seq_rm(self._memory, ASIDE, -1, -1)
        del array
        del state[written:]
        return state

    def load(self, state: bytearray, *, shift: int = 0) -> bool:
        """Add what `save` gave, in a context of the same kind, to the sequence, which must end
        where it starts (`shift` tokens further on). False if there is no room."""
        array = (ctypes.c_uint8 * len(state)).from_buffer(state)
        _log.muted = True  # it calls a full context an error
        read = llama.llama_state_seq_set_data(self._context, array, len(state), ASIDE)
        _log.muted = False
        if read:
            if shift:
                llama.llama_memory_seq_add(self._memory, ASIDE, -1, -1, shift)
            llama.llama_memory_seq_cp(self._memory, ASIDE, AT_WORK, -1, -1)
        llama.llama_memory_seq_rm(self._memory, ASIDE, -1, -1)
        return bool(read)


class _Batch:
    """The arrays of one llama_batch, filled anew for each decode of one sequence."""

    def __init__(self, capacity: int) -> None:
        self._tokens = np.zeros(capacity, np.int32)
        self._positions = np.zeros(capacity, np.int32)
        self._ones = np.ones(capacity, np.int32)
        self._logits = np.zeros(capacity, np.int8)
        sequence = ctypes.pointer(ctypes.c_int32(AT_WORK))
        self._sequences = (ctypes.POINTER(ctypes.c_int32) * capacity)(*[sequence] * capacity)
        self._batch = llama.llama_batch(
            n_tokens=0,
            token=self._tokens.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            embd=None,
            pos=self._positions.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            n_seq_id=self._ones.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            seq_id=self._sequences,
            logits=self._logits.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )

    def fill(self, tokens: Tokens, start: int, outputs: int) -> Any:
        count = len(tokens)
        self._tokens[:count] = tokens
        self._positions[:count] = np.arange(start, start + count, dtype=np.int32)
        self._logits[:count] = 0
        self._logits[max(0, count - outputs) : count] = 1
        self._batch.n_tokens = count
        return self._batch


TOP_K = 40
"""Likeliest tokens that one is drawn from: llama.cpp's default."""
BLOCKS = 64
CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
"""`llama_token_data`."""


def likeliest(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """The indexes of the TOP_K largest scores, and of few others; none that is minus infinity.

    Of the largest score of each block, the TOP_K-th is a bound that at least TOP_K scores reach.
    Numpy finds that in a third of the time that llama.cpp takes to look at every token.
    """
    size = len(scores) // BLOCKS
    largest = scores[: size * BLOCKS].reshape(BLOCKS, size).max(axis=0)
    bound = np.partition(largest, -TOP_K)[-TOP_K] if size >= TOP_K else -np.inf
    return np.flatnonzero(scores >= max(bound, np.finfo(np.float32).min))


class Sampler:
    """Draws tokens from the logits of a context. The same seed gives the same tokens."""

    def __init__(self, *, temperature: float, top_p: float, seed: int) -> None:
        self._chain = None
        if temperature <= 0:
            return
        params = llama.llama_sampler_chain_default_params()
        params.no_perf = True
        self._chain = llama.llama_sampler_chain_init(params)
        for sampler in (
            llama.llama_sampler_init_top_k(TOP_K),  # makes top-p cheap
            llama.llama_sampler_init_top_p(top_p, 1),
            llama.llama_sampler_init_temp(temperature),
            llama.llama_sampler_init_dist(seed % llama.LLAMA_DEFAULT_SEED),  # itself: random
        ):
            llama.llama_sampler_chain_add(self._chain, sampler)

    def draw(self, context: Context, index: int = -1) -> int:
        """The token that follows a decoded one, the last one by default."""
        scores = context.logits(index)
        if self._chain is None:
            return int(scores.argmax())
        ids = likeliest(scores)
        candidates = np.zeros(len(ids), CANDIDATE)
        candidates["id"], candidates["logit"] = ids, scores[ids]
        data = candidates.ctypes.data_as(ctypes.POINTER(llama.llama_token_data))
        array = llama.llama_token_data_array(data, len(ids), -1, False)
        llama.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(candidates["id"][array.selected])

    def close(self) -> None:
        """Free the chain."""
        if self._chain is not None:
            llama.llama_sampler_free(self._chain)
            self._chain = None


def _kv_values_per_token(model: Any) -> int:
    """Keys and values that one token takes in all layers."""
    head = llama.llama_model_n_embd(model) // max(1, llama.llama_model_n_head(model))
    return int(2 * llama.llama_model_n_layer(model) * llama.llama_model_n_head_kv(model) * head)


def _metadata(model: Any, key: str) -> str:
    buffer = ctypes.create_string_buffer(128)
    llama.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace")


def supports_gpu() -> bool:
    """Whether this build of llama.cpp can use a graphics card at all."""
    return bool(llama.llama_supports_gpu_offload())


@dataclass(frozen=True)
class Gpu:
    """A graphics card that this build can use, and its memory in bytes."""

    name: str
    free: int
    total: int


def gpus() -> list[Gpu]:
    """The graphics cards that this build can use."""
    if not supports_gpu():
        return []
    from llama_cpp._ggml import libggml as ggml

    ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_description.restype = ctypes.c_char_p
    found = []
    for index in range(ggml.ggml_backend_dev_count()):
        device = ctypes.c_void_p(ggml.ggml_backend_dev_get(ctypes.c_size_t(index)))
        if ggml.ggml_backend_dev_type(device) != 1:  # GGML_BACKEND_DEVICE_TYPE_GPU
            continue
        free, total = ctypes.c_size_t(0), ctypes.c_size_t(0)
        ggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        name = ggml.ggml_backend_dev_description(device).decode("utf-8", "replace")
        found.append(Gpu(name, free.value, total.value))
    return found


def free_gpu_memory() -> int:
    """Bytes free now on the graphics cards that this build can use; 0 where there are none."""
    return sum(gpu.free for gpu in gpus())


def processor_features() -> str:
    """What llama.cpp was built for and finds here, e.g. "CPU : AVX2 = 1 | REPACK = 1"."""
    return str(llama.llama_print_system_info().decode("utf-8", "replace"))
