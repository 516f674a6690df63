"""Makes a smaller file of a model: llama.cpp's quantizer, in a process of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from qwlsp.errors import ModelError
from qwlsp.models.inspect import GgufFile, inspect

BITS = {"Q4_0": 4.5, "IQ4_NL": 4.5, "Q4_K_M": 4.9, "Q8_0": 8.5}
"""Of each weight, about; the last matrix may have more."""
SOURCE_BITS = {"F32": 32.0, "F16": 16.0, "BF16": 16.0, "Q8_0": 8.5}
"""Types that lose little when they are converted."""
SPARE = 256 << 20
"""Bytes that a disk must have left besides the file."""


def convert(source: Path, target: Path, kind: str) -> Path:
    """Make `target`, of one of the types in BITS, from the model at `source`. It appears under
    its name when it is whole. Raises ModelError; nothing is left then, nor after Ctrl-C."""
    model = inspect(source)
    _check_source(source, model, kind)
    if target.exists():
        raise ModelError(f"{target} is there already.")
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _check_space(target.parent, int(model.size_bytes * _share(model, kind)))
        _quantize(source, part, kind)
        inspect(part)
        part.replace(target)
    except OSError as error:
        raise ModelError(f"{target} can't be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return target


def default_output(source: Path, kind: str, folder: Path) -> Path:
    """Where a converted model goes: into `folder`, with the type in its name replaced."""
    old = "|".join(SOURCE_BITS)
    stem = re.sub(rf"[-_.](fp16|fp32|{old})$", "", source.stem, flags=re.IGNORECASE)
    return folder / f"{stem}-{kind.lower()}.gguf"


def advisable(kind: str) -> str:
    """A sentence about the type that was chosen."""
    if kind in ("Q4_0", "IQ4_NL"):
        return (
            f"On processors with AVX2, {kind} was measured to be 1.35 to 1.5 times faster than"
            " Q4_K_M; `qwlsp doctor` measures it here."
        )
    return (
        f"On processors with AVX2, Q4_0 and IQ4_NL are faster than {kind};"
        " `qwlsp doctor` measures how fast this one is here."
    )


def _check_source(source: Path, model: GgufFile, kind: str) -> None:
    if model.quantization not in SOURCE_BITS:
        raise ModelError(
            f"{source.name} is {model.quantization}, which has lost too much already: take an"
            " F16 or Q8_0 file of the model."
        )
    if model.quantization == kind:
        raise ModelError(f"{source.name} is {kind} already.")
    if model.parts > 1:
        raise ModelError(f"{source.name} is only a part of its model; take a whole file.")


def _share(model: GgufFile, kind: str) -> float:
    """How large the new file is, of the old one, at most."""
    return max(BITS[kind], 6.5) / SOURCE_BITS[model.quantization]


def _check_space(folder: Path, size: int) -> None:
    needed, free = size + SPARE, shutil.disk_usage(folder).free
    if needed > free:
        raise ModelError(
            f"There is not enough room in {folder}: {needed / 1e6:,.0f} MB are needed,"
            f" {free / 1e6:,.0f} MB are free."
        )


def _quantize(source: Path, part: Path, kind: str) -> None:
    threads = str(psutil.cpu_count(logical=False) or 1)
    arguments = [str(source), str(part), kind, threads]
    command = [sys.executable, "-m", "qwlsp.backends.quantizing", *arguments]
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1].rstrip(".") if lines else f"status {done.returncode}"
        raise ModelError(f"{source.name} can't be converted: {reason}.")
