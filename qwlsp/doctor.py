"""What `qwlsp doctor` says: the machine, the model, how fast it is here, and what to change."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from qwlsp.engine.client import EngineClient
from qwlsp.engine.messages import Done, EngineConfig, Generate, Message, Piece, Sampling
from qwlsp.errors import ModelError, QwlspError
from qwlsp.home import home, models_folder
from qwlsp.models.find import HOW_TO_GET_ONE
from qwlsp.models.listing import FoundModel, described, skipped_json
from qwlsp.models.presets import presets
from qwlsp.models.stores import Candidate, Skipped, look_through, stores
from qwlsp.opening import engine_config
from qwlsp.settings import from_json

READ_LINES = 40
"""Of code, about 250 tokens."""
WRITTEN_TOKENS = 24
LITTLE_MEMORY_MIB = 1024
MAX_ADVICE = 5
DESCRIBE_SECONDS = 60
"""llama.cpp may look for graphics cards, but not for ever."""
NVIDIA_DRIVER = Path("/proc/driver/nvidia")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What qwlsp runs on."""

    processor: str
    cores: int
    """Physical ones."""
    usable_cores: int
    """Those that this process may use, hyper-threads included."""
    memory_mib: int
    free_memory_mib: int
    gpus: list[dict[str, Any]]
    """Name, and free and total bytes, of the graphics cards that llama.cpp can use."""
    nvidia: bool
    """Whether there is a driver of NVIDIA, whatever llama.cpp can use."""
    on_battery: bool


@dataclass(frozen=True, kw_only=True)
class LlamaCpp:
    """llama-cpp-python as it is installed."""

    version: str | None
    gpu_offload: bool = False
    avx2: bool = False
    problem: str = ""
    """Why it can't be used: a sentence."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How fast the model was just now; tokens a second."""

    prefill_tps: float
    decode_tps: float | None
    """None where the model wrote nothing."""
    memory_mib: int
    """Of the model's process, afterwards."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of it."""

    machine: Machine
    llama_cpp: LlamaCpp
    model: FoundModel | None
    problem: str
    """Why the model can't be used: a sentence."""
    fit: dict[str, Any] | None
    """How the model was found to run fastest here."""
    measured: Measured | None
    stores: list[dict[str, Any]]
    skipped: list[Skipped]
    advice: list[str]

    def to_json(self) -> dict[str, Any]:
        """The object of `--json`."""
        measured = self.measured
        return {
            "machine": asdict(self.machine),
            "model": asdict(self.model) if self.model else None,
            "problem": self.problem or None,
            "llama_cpp": asdict(self.llama_cpp),
            "speed": {
                "prefill_tps": measured.prefill_tps if measured else None,
                "decode_tps": measured.decode_tps if measured else None,
            },
            "memory_mib": measured.memory_mib if measured else None,
            "fit": self.fit,
            "stores": self.stores,
            "skipped": [skipped_json(each) for each in self.skipped],
            "advice": self.advice,
        }

    def lines(self) -> Iterator[tuple[str, str]]:
        """What people read: names, and what is said of them."""
        machine, model, measured = self.machine, self.model, self.measured
        yield "processor", f"{machine.processor}, {machine.cores} cores"
        yield "memory", f"{machine.memory_mib:,} MiB, {machine.free_memory_mib:,} MiB free"
        yield "graphics", ", ".join(gpu["name"] for gpu in machine.gpus) or "none in use"
        offload = "with" if self.llama_cpp.gpu_offload else "without"
        version = self.llama_cpp.version
        yield "llama.cpp", f"{version}, {offload} GPU support" if version else "can't be loaded"
        if model:
            yield "model", f"{model.name} ({model.origin}), {model.quantization}"
            yield "", model.path
        else:
            yield "model", "none"
        if measured:
            writing = f"{measured.decode_tps:.0f}" if measured.decode_tps else "unknown"
            yield "speed", f"reads {measured.prefill_tps:.0f} tokens/s, writes {writing} tokens/s"
            yield "", f"{measured.memory_mib:,} MiB of memory"
        if self.fit:
            yield "fitted", ", ".join(f"{name} {value}" for name, value in self.fit.items())
        for store in self.stores:
            yield store["origin"], f"{store['models']} models in {store['folder']}"
        for each in self.skipped[:MAX_ADVICE]:
            yield "skipped", each.reason


async def examine(wanted: str, *, measured: bool) -> Report:
    """Look at the machine and at the model that `wanted` (a file or name; empty: the usual one)
    stands for; with `measured`, run it for a few seconds. Raises ModelError where there is no
    such model."""
    settings, _ = from_json({"model": {"path": wanted}})
    config = engine_config(settings)
    found, problem = _model(config, settings.model.folder)
    llama_cpp, gpus, fit = _llama_cpp(config)
    machine = _machine(gpus)
    speed = None
    if measured and found and config and not llama_cpp.problem:
        try:
            speed = await measure(replace(config, states_folder=""))
        except QwlspError as error:
            problem = str(error)
    kept, skipped = _stores(settings.model.folder)
    report = Report(
        machine=machine,
        llama_cpp=llama_cpp,
        model=found,
        problem=problem,
        fit=fit,
        measured=speed,
        stores=kept,
        skipped=skipped,
        advice=[],
    )
    return replace(report, advice=list(advice(report))[:MAX_ADVICE])


def advice(report: Report) -> Iterator[str]:
    """Sentences about what to change, the most important first."""
    machine, llama_cpp, model = report.machine, report.llama_cpp, report.model
    if llama_cpp.problem:
        yield (
            f"{llama_cpp.problem} Until it is installed anew, answers come from the syntax tree:"
            " use --no-model."
        )
    if report.problem:
        yield report.problem
    elif model is None:
        yield f"There is no model, so answers come from the syntax tree. {HOW_TO_GET_ONE}"
    elif not model.fits:
        yield (
            f"{model.name} with a full context needs more memory than this machine has to spare:"
            " take a smaller model, or set model.contextSize lower."
        )
    if machine.nvidia and llama_cpp.version and not llama_cpp.gpu_offload:
        yield (
            "There is an NVIDIA card, but this llama.cpp was built without GPU support. With the"
            ' CUDA toolkit, CMAKE_ARGS="-DGGML_CUDA=on" pip install --force-reinstall'
            f" --no-cache-dir llama-cpp-python=={llama_cpp.version} builds one that has it."
        )
    if model and model.quantization == "Q4_K_M" and llama_cpp.avx2 and not machine.gpus:
        yield _faster_type(model)
    if machine.free_memory_mib < LITTLE_MEMORY_MIB:
        yield (
            f"Only {machine.free_memory_mib:,} MiB of memory are free: close other programs, or"
            " set model.memoryLimitMiB."
        )
    if machine.on_battery:
        yield "On battery, processors are slower, and less is read ahead."
    if model and not model.chat_template:
        yield f"{model.name} has no chat template, so ChatML is assumed; it may answer badly."


def _faster_type(model: FoundModel) -> str:
    preset = next((p for p in presets().values() if model.name.startswith(p.name)), None)
    how = (
        f"`qwlsp model pull {preset.name}:q4_0` fetches one"
        if preset
        else "`qwlsp model convert FILE --to Q4_0` makes one of an F16 or Q8_0 file"
    )
    return (
        "On another machine with AVX2, Q4_0 was measured to be 1.35 to 1.5 times faster than"
        f" Q4_K_M: {how}."
    )


async def measure(config: EngineConfig) -> Measured:
    """Read some code and write a few words with a model, nothing of it remembered. Raises
    ModelError and EngineError."""
    client = EngineClient(config, home=home())
    try:
        await _timed(client, lines=1, tokens=1)  # loads the model, and what it runs with
        prefill, decode = await _timed(client, lines=READ_LINES, tokens=WRITTEN_TOKENS)
        pid = client.pid
        memory = psutil.Process(pid).memory_info().rss if pid else 0
        return Measured(prefill_tps=prefill, decode_tps=decode, memory_mib=memory >> 20)
    finally:
        await client.close()


async def _timed(client: EngineClient, *, lines: int, tokens: int) -> tuple[float, float | None]:
    """Tokens read and written a second."""
    code = "".join(f"total_{n} = {n} * rate\n" for n in range(100, 100 + lines))
    chat = [Message(role="user", parts=[f"Explain this code.\n\n{code}"])]
    began = time.perf_counter()
    first = ended = None
    request = Generate(messages=chat, sampling=Sampling(temperature=0), max_tokens=tokens)
    async with aclosing(client.generate(request)) as events:
        async for event in events:
            if isinstance(event, Piece) and first is None:
                first = time.perf_counter(), event.tokens
            elif isinstance(event, Done):
                ended = time.perf_counter(), event
    assert ended is not None
    end, done = ended
    start, already = first or (end, done.output_tokens)
    written = done.output_tokens - already
    read = (done.prompt_tokens - done.reused_tokens) / (start - began)
    return round(read, 1), round(written / (end - start), 1) if written else None


def _model(config: EngineConfig | None, folder: str) -> tuple[FoundModel | None, str]:
    """What the model in use is, under the name that the list has for it; or why it is none."""
    if config is None:
        return None, ""
    path = Path(config.model_path)
    known = look_through(stores(models_folder(), folder))
    mine = (each for each in known if isinstance(each, Candidate) and each.path == path)
    candidate = next(mine, Candidate(path.stem, path, "folder"))
    memory = psutil.virtual_memory().total
    try:
        return described(candidate, context_size=config.context_size, memory=memory), ""
    except ModelError as error:
        return None, str(error)


def _llama_cpp(
    config: EngineConfig | None,
) -> tuple[LlamaCpp, list[dict[str, Any]], dict[str, Any] | None]:
    """What another process finds out about llama.cpp, graphics cards, and the kept fit."""
    model = [config.model_path, config.fits_file] if config else []
    try:
        done = subprocess.run(
            [sys.executable, "-m", "qwlsp.engine.describing", *model],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DESCRIBE_SECONDS,
        )
        said = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        lines = (getattr(error, "stderr", None) or b"").decode("utf-8", "replace").splitlines()
        reason = lines[-1].rstrip(".") if lines else "it gives no reason"
        problem = f"llama-cpp-python can't be loaded: {reason}."
        return LlamaCpp(version=None, problem=problem), [], None
    known = {name: said[name] for name in ("version", "gpu_offload", "avx2")}
    return LlamaCpp(**known), said["gpus"], said["fit"]


def _machine(gpus: list[dict[str, Any]]) -> Machine:
    memory = psutil.virtual_memory()
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    logical = psutil.cpu_count() or 1
    return Machine(
        processor=_processor(),
        cores=psutil.cpu_count(logical=False) or 1,
        usable_cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical,
        memory_mib=memory.total >> 20,
        free_memory_mib=memory.available >> 20,
        gpus=gpus,
        nvidia=NVIDIA_DRIVER.exists() or shutil.which("nvidia-smi") is not None,
        on_battery=battery is not None and battery.power_plugged is False,
    )


def _processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _stores(folder: str) -> tuple[list[dict[str, Any]], list[Skipped]]:
    """How many files that are likely to be models each store has, and what can't be used."""
    all_stores = stores(models_folder(), folder)
    counts: Counter[Path] = Counter()
    skipped = []
    for store in all_stores:
        for found in look_through([store]):
            if isinstance(found, Skipped):
                skipped.append(found)
            else:
                counts[store.folder] += 1
    kept = [
        {"origin": store.origin, "folder": str(store.folder), "models": counts[store.folder]}
        for store in all_stores
        if store.folder.is_dir()
    ]
    return kept, skipped
