"""From a configuration to a model that is ready to run, fitted to this machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from qwlsp.backends.llama import (
    KV_BYTES,
    KV_TYPES,
    LLAMA_VERSION,
    AbortFlag,
    Context,
    ContextSize,
    KvType,
    Model,
    free_gpu_memory,
)
from qwlsp.engine.archive import Archive
from qwlsp.engine.fitting import Fit, FitStore, Fitter, measure
from qwlsp.engine.generation import Runner
from qwlsp.engine.memory import LARGE_CONTEXT, PARKED_TOKENS, WorkingMemory
from qwlsp.engine.messages import EngineConfig, Ready
from qwlsp.engine.pace import Pace
from qwlsp.engine.template import ChatTemplate
from qwlsp.engine.tokenizing import ChatTokenizer
from qwlsp.models.inspect import GgufFile, inspect

CONTEXT_SIZES = (4096, 8192, 16384, 32768)
"""Tokens; a context starts small, since its memory is taken at once, and grows with need."""
TRIAL_TOKENS = 1280
"""Context of a trial: its depth, and what it writes."""
COPIED = 1.5
"""Memory that loading took, in sizes of the model, from which on there is a second copy of it."""
WORKER_OVERHEAD = 200 << 20
"""Bytes of the worker besides weights and context: Python, libraries, compute buffers."""
SMALL_MODEL = 32 << 20
"""Bytes; for less than this, threads wait for each other longer than they work."""
PARKED_BYTES = 128 << 20
"""From which on only half as many tokens are parked."""
MAX_STATE_BYTES = 512 << 20
"""On disk, of all models together; 1,800 tokens take 22 MB, a full context 393."""
GPU_RESERVE = 512 << 20
"""Bytes of device memory left for compute buffers and the desktop."""


@dataclass(frozen=True)
class Loaded:
    """A model that is ready to run. `fitter`, if there is one, has something left to measure."""

    runner: Runner
    tokenizer: ChatTokenizer
    memory: WorkingMemory
    fitter: Fitter | None
    ready: Ready
    save_speed: Callable[[], None]


def load(config: EngineConfig, *, abort: AbortFlag, check: Callable[[], None]) -> Loaded:
    """Load the configured model; `check` raises Stopped when a job must stop. Raises ModelError."""
    path = Path(config.model_path)
    file = inspect(path)  # llama.cpp ends the process where a file contradicts itself
    gpu_layers = config.gpu_layers
    if gpu_layers is None:
        gpu_layers = choose_gpu_layers(file, config.context_size)
    store = FitStore(Path(config.fits_file), f"{path.name} {path.stat().st_size}")
    measured = store.load() if config.fits_file and config.threads is None else None
    before = psutil.Process().memory_info().rss
    model = Model(path, gpu_layers=gpu_layers, mapped=measured is None or measured.mapped)
    taken = psutil.Process().memory_info().rss - before
    template = ChatTemplate(
        model.chat_template, begin_text=model.begin_text, end_text=model.end_text
    )
    limit = min(config.context_size, model.context_length)
    kv_type = choose_kv_type(config, model.size, model.kv_values_per_token * limit)
    fit = measured or replace(
        _usual_fit(config, model, on_gpu=gpu_layers != 0),
        mapped=taken < COPIED * model.size,
    )

    def make_context(tokens: int) -> Context:
        size = next((size for size in CONTEXT_SIZES if size >= tokens), tokens)
        return Context(model, fitted(fit, min(size, limit), kv_type), abort)

    def trial(candidate: Fit) -> float:
        size = fitted(candidate, TRIAL_TOKENS, kv_type)
        with closing(Context(model, size, abort)) as context:
            return measure(context, 0, check)

    worth_fitting = config.fits_file and not measured and model.size >= SMALL_MODEL
    pace = Pace(store.load_speed() if config.fits_file else None)
    tokenizer = ChatTokenizer(model.tokenize, template, pace=pace, context_length=limit)
    archive = None if model.has_window else _archive(config, path, fitted(fit, limit, kv_type))
    memory = WorkingMemory(
        make_context,
        check=check,
        archive=archive,
        parked_tokens=choose_parked_tokens(config, model, limit, kv_type),
    )
    ready = Ready(
        pid=os.getpid(),
        model=path.stem,
        architecture=model.architecture,
        context_length=limit,
        warnings=[template.warning] if template.warning else [],
    )
    return Loaded(
        Runner(model, tokenizer, memory, pace=pace, context_limit=limit),
        tokenizer,
        memory,
        Fitter(fit, trial=trial, store=store) if worth_fitting else None,
        ready,
        save_speed=lambda: store.save_speed(pace.speed) if config.fits_file else None,
    )


def _usual_fit(config: EngineConfig, model: Model, *, on_gpu: bool) -> Fit:
    """What is good on most machines, until this one has been measured."""
    threads = config.threads or (1 if model.size < SMALL_MODEL else usable_cores())
    if on_gpu:
        return Fit(threads=threads, micro_batch=512)
    return Fit(threads=threads)


def fitted(fit: Fit, tokens: int, kv_type: KvType) -> ContextSize:
    """The shape of a context of `tokens`, which must not take more memory than it is worth."""
    # Quantized values can't be read without flash attention; without it, each micro-batch takes
    # scores for the whole context in memory.
    flash_attention = fit.flash_attention or kv_type != "f16"
    large = tokens > LARGE_CONTEXT and not flash_attention
    return ContextSize(
        tokens=tokens,
        threads=fit.threads,
        micro_batch=min(fit.micro_batch, 64) if large or kv_type != "f16" else fit.micro_batch,
        flash_attention=flash_attention,
        kv_type=kv_type,
    )


def choose_kv_type(config: EngineConfig, model_size: int, kv_values: int) -> KvType:
    """The configured type, else the fastest one that keeps a full context of `kv_values` below
    the memory limit."""
    if config.kv_type in KV_TYPES:
        return config.kv_type
    if config.memory_limit is None:
        return "f16"
    room = config.memory_limit - model_size - WORKER_OVERHEAD
    fitting = [kv_type for kv_type in KV_TYPES if kv_values * KV_BYTES[kv_type] <= room]
    return fitting[0] if fitting else "q4_0"


def choose_parked_tokens(
    config: EngineConfig, model: Model, context_size: int, kv_type: KvType
) -> int:
    """Tokens parked at most beside a small context; half of them, beside a full one of
    `context_size`, stay below the memory limit."""
    if model.has_window:
        return 0
    per_token = int(model.kv_values_per_token * KV_BYTES[kv_type])
    tokens = PARKED_TOKENS if PARKED_TOKENS * per_token <= PARKED_BYTES else PARKED_TOKENS // 2
    if config.memory_limit is not None:
        room = config.memory_limit - model.size - WORKER_OVERHEAD - context_size * per_token
        tokens = min(tokens, max(0, 2 * room // per_token))
    return tokens


def _archive(config: EngineConfig, path: Path, size: ContextSize) -> Archive | None:
    """The states of this very model, loaded in this very way."""
    if not config.states_folder:
        return None
    stat = path.stat()
    file = f"{path.name} {stat.st_size} {stat.st_mtime_ns}"
    key = f"{file} {LLAMA_VERSION} {size.kv_type} {size.flash_attention}"
    folder = Path(config.states_folder) / hashlib.sha256(key.encode()).hexdigest()[:16]
    return Archive(folder, max_bytes=MAX_STATE_BYTES)


def usable_cores() -> int:
    """Physical cores that this process may use: hyper-threads only get in each other's way."""
    physical = psutil.cpu_count(logical=False) or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))


def choose_gpu_layers(file: GgufFile, context_size: int) -> int:
    """Layers of a model to offload; 0 where this build knows no GPU."""
    free = free_gpu_memory()
    if not free:
        return 0
    needed = file.size_bytes + context_size * file.kv_bytes_per_token
    return layers_that_fit(free, needed, file.layers)


def layers_that_fit(free: int, needed: int, layers: int) -> int:
    """How many of `layers` to offload with `free` bytes on the GPU, when all of them need
    `needed` bytes. The output layer counts as one more."""
    all_layers = layers + 1
    return max(0, min(all_layers, (free - GPU_RESERVE) * all_layers // max(needed, 1)))
