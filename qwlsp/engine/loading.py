"""From a configuration to a model that is ready to run, fitted to this machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from qwlsp.backends.llama import (
    LLAMA_VERSION,
    AbortFlag,
    Context,
    ContextSize,
    Model,
    count_layers,
    free_gpu_memory,
)
from qwlsp.engine.archive import Archive
from qwlsp.engine.generation import Runner
from qwlsp.engine.memory import WorkingMemory
from qwlsp.engine.messages import EngineConfig, Ready
from qwlsp.engine.template import ChatTemplate

CONTEXT_SIZES = (4096, 8192, 16384, 32768)
"""Tokens; a context starts small, since its memory is taken at once, and grows with need."""
KV_BYTES_PER_TOKEN = 12_288
"""F16 keys and values of Qwen2.5-0.5B."""
SMALL_MODEL = 32 << 20
"""Bytes; for less than this, threads wait for each other longer than they work."""
MAX_STATE_BYTES = 256 << 20
"""On disk, of all models together; 1,800 tokens take 22 MB."""
GPU_RESERVE = 512 << 20
"""Bytes of device memory left for compute buffers and the desktop."""


@dataclass(frozen=True)
class Loaded:
    """A model that is ready to run."""

    runner: Runner
    memory: WorkingMemory
    ready: Ready


def load(config: EngineConfig, *, abort: AbortFlag, check: Callable[[], None]) -> Loaded:
    """Load the configured model; `check` raises Stopped when a job must stop. Raises ModelError."""
    path = Path(config.model_path)
    gpu_layers = config.gpu_layers
    if gpu_layers is None:
        gpu_layers = choose_gpu_layers(path, config.context_size)
    model = Model(path, gpu_layers=gpu_layers)
    template = ChatTemplate(
        model.chat_template, begin_text=model.begin_text, end_text=model.end_text
    )
    limit = min(config.context_size, model.context_length)
    threads = config.threads or (1 if model.size < SMALL_MODEL else usable_cores())

    def make_context(tokens: int) -> Context:
        size = next((size for size in CONTEXT_SIZES if size >= tokens), tokens)
        return Context(model, ContextSize(tokens=min(size, limit), threads=threads), abort)

    memory = WorkingMemory(make_context, check=check, archive=_archive(config, path))
    ready = Ready(
        model=path.stem,
        architecture=model.architecture,
        context_length=limit,
        warnings=[template.warning] if template.warning else [],
    )
    return Loaded(Runner(model, template, memory, context_limit=limit), memory, ready)


def _archive(config: EngineConfig, path: Path) -> Archive | None:
    """The states of this very model, loaded in this very way."""
    if not config.states_folder:
        return None
    stat = path.stat()
    key = f"{path.name} {stat.st_size} {stat.st_mtime_ns} {LLAMA_VERSION} f16"
    folder = Path(config.states_folder) / hashlib.sha256(key.encode()).hexdigest()[:16]
    return Archive(folder, max_bytes=MAX_STATE_BYTES)


def usable_cores() -> int:
    """Physical cores that this process may use: hyper-threads only get in each other's way."""
    physical = psutil.cpu_count(logical=False) or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))


def choose_gpu_layers(path: Path, context_size: int) -> int:
    """Layers of the model at `path` to offload; 0 where this build knows no GPU."""
    free = free_gpu_memory()
    if not free:
        return 0
    needed = path.stat().st_size + context_size * KV_BYTES_PER_TOKEN
    return layers_that_fit(free, needed, count_layers(path))


def layers_that_fit(free: int, needed: int, layers: int) -> int:
    """How many of `layers` to offload with `free` bytes on the GPU, when all of them need
    `needed` bytes. The output layer counts as one more."""
    all_layers = layers + 1
    return max(0, min(all_layers, (free - GPU_RESERVE) * all_layers // max(needed, 1)))
