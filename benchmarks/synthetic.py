"""Write a model in the exact shape of Qwen2.5-0.5B, with random weights and the real tokenizer.

It runs at the real model's speed and takes the real model's memory, so everything but the quality
of answers can be measured on a machine that has no model and cannot fetch one.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import IO, cast

import gguf
import llama_cpp
import numpy as np

from benchmarks.qwen2 import Shape, Vocabulary, write
from qwlsp.home import home

SHAPE = Shape(layers=24, width=896, heads=14, kv_heads=2, ffn=4864)

FILE_TYPES = {
    "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
    "q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
}

# How many matrices llama.cpp stores in which type. A width of 896 is no multiple of the K-quants'
# block of 256, so that Q4_K_M mostly falls back to Q5_0 and Q8_0.
TYPES = {
    "q4_k_m": {"Q5_0": 132, "Q8_0": 13, "Q4_K": 12, "Q6_K": 12},
    "q4_0": {"Q4_0": 168, "Q8_0": 1},
    "q8_0": {"Q8_0": 169},
}

_SOURCE_REQUIREMENT = Path(__file__).parents[1] / ".ci" / "llama-cpp-python.txt"
_TOKENIZER_IN_SOURCE = "vendor/llama.cpp/models/ggml-vocab-qwen2.gguf"


class SyntheticError(Exception):
    """The model could not be made; the message says why."""


def main(argv: list[str]) -> int:
    """Write the model that `argv` names; prints a table and, last, one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks synthetic", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.gguf")
    parser.add_argument("--quant", choices=FILE_TYPES, default="q4_k_m")
    parser.add_argument(
        "--tokenizer",
        type=Path,
        metavar="GGUF",
        help="a GGUF file with Qwen2's vocabulary; without it, the one in llama-cpp-python's "
        "source package is fetched with pip, once",
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    started = time.perf_counter()
    try:
        vocabulary = read_vocabulary(options.tokenizer or fetched_tokenizer())
        types = write_quantized(options.out, SHAPE, vocabulary, options.quant, options.seed)
        if types != TYPES[options.quant]:
            raise SyntheticError(f"expected {TYPES[options.quant]}, got {types}: {options.out}")
    except (SyntheticError, OSError) as error:
        print(f"synthetic: {error}", file=sys.stderr)
        return 1
    report = {
        "path": str(options.out.resolve()),
        "quant": options.quant,
        "bytes": options.out.stat().st_size,
        "seconds": round(time.perf_counter() - started, 1),
        "types": types,
    }
    for name, count in types.items():
        print(f"{name:<6} {count:>4} matrices")
    print(json.dumps(report))
    return 0


def read_vocabulary(path: Path) -> Vocabulary:
    """Return the vocabulary of a GGUF file; raises SyntheticError where it has none."""
    try:
        fields = gguf.GGUFReader(path).fields
        tokens, types, merges = (
            fields[key].contents()
            for key in (
                gguf.Keys.Tokenizer.LIST,
                gguf.Keys.Tokenizer.TOKEN_TYPE,
                gguf.Keys.Tokenizer.MERGES,
            )
        )
    except (ValueError, KeyError) as error:
        raise SyntheticError(f"{path} has no byte-level BPE vocabulary ({error})") from error
    return Vocabulary(tokens, types, merges)


def fetched_tokenizer() -> Path:
    """Return Qwen2's vocabulary from llama-cpp-python's source package, fetched at first use.

    It is kept in qwlsp's home folder. The package is the pinned one, checked against its hash.
    Raises SyntheticError.
    """
    kept = home() / "tokenizers" / Path(_TOKENIZER_IN_SOURCE).name
    if kept.exists():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    print("Fetching llama-cpp-python's source package (80 MB) for its tokenizer", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        download += [
            "--require-hashes",
            "--requirement",
            str(_SOURCE_REQUIREMENT),
            "--dest",
            folder,
        ]
        if subprocess.run(download, stdout=sys.stderr, check=False).returncode != 0:
            raise SyntheticError("pip could not fetch llama-cpp-python's source package")
        source = next(Path(folder).glob("*.tar.gz"))
        partial = Path(folder) / kept.name
        with tarfile.open(source) as archive, partial.open("wb") as file:
            member = f"{source.name.removesuffix('.tar.gz')}/{_TOKENIZER_IN_SOURCE}"
            shutil.copyfileobj(cast(IO[bytes], archive.extractfile(member)), file)
        partial.replace(kept)
    return kept


def write_quantized(
    out: Path, shape: Shape, vocabulary: Vocabulary, quant: str, seed: int
) -> dict[str, int]:
    """Write a model in F16, have llama.cpp quantize it to `out`, and count its matrices' types.

    `quant` is a key of `FILE_TYPES`. Nothing stands at `out` before it is complete. Needs room for
    the F16 file, about 1 GB, next to it. Raises SyntheticError, OSError.
    """
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        plain, quantized = Path(folder) / "f16.gguf", Path(folder) / "quantized.gguf"
        write(plain, shape, vocabulary, name=out.stem, seed=seed, dtype=np.float16)
        _quantize(plain, quantized, FILE_TYPES[quant])
        types = matrix_types(quantized)
        quantized.replace(out)
    return types


def matrix_types(path: Path) -> dict[str, int]:
    """Count the matrices of a GGUF file by the type they are stored in, the most frequent first."""
    tensors = gguf.GGUFReader(path).tensors
    return dict(Counter(t.tensor_type.name for t in tensors if len(t.shape) == 2).most_common())


_GGML_LOG_LEVEL_ERROR = 4  # ggml.h; llama_cpp does not export it


def _log(level: int, text: bytes, _user_data: object) -> None:
    if level == _GGML_LOG_LEVEL_ERROR:
        print(text.decode(errors="replace"), end="", file=sys.stderr)


_LOG = llama_cpp.llama_log_callback(_log)  # llama.cpp keeps its address, not a reference


def _quantize(source: Path, target: Path, file_type: int) -> None:
    llama_cpp.llama_log_set(_LOG, ctypes.c_void_p(0))
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = file_type
    status = llama_cpp.llama_model_quantize(
        os.fsencode(source), os.fsencode(target), ctypes.byref(parameters)
    )
    if status != 0:
        raise SyntheticError(f"llama.cpp could not quantize {source} (status {status})")
