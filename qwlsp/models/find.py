"""Which model file to use. Looks at names and first bytes only; loads nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from qwlsp.errors import ModelError
from qwlsp.models.stores import SUFFIX, Candidate

GGUF_MAGIC = b"GGUF"
HOW_TO_GET_ONE = "Run `qwlsp model pull` to fetch one (491 MB), or set a GGUF file of your own."
_SMALL_QWEN = re.compile(r"qwen2\.5-(coder-)?0\.5b(?!.*base)")
"""The default model and its sister for code, under the names that people store them by."""


def find_model(
    wanted: Sequence[str], folder: Path, elsewhere: Iterable[Candidate] = ()
) -> Path | None:
    """The model to use: the first of `wanted` that names one (a file, or a name in `folder` or
    `elsewhere`), else the default file in `folder`, or the first one there, or Qwen2.5-0.5B
    elsewhere; None if there is none.

    `elsewhere` is gone through only where `folder` has no answer. Empty strings in `wanted` are
    skipped. Raises ModelError where a wanted one is missing or is no GGUF.
    """
    for name in wanted:
        if name:
            try:
                return check(_named(name, folder, elsewhere))
            except (OSError, RuntimeError, ValueError) as error:  # anybody may type anything
                reason = str(getattr(error, "strerror", None) or error).rstrip(".")
                raise ModelError(f"{name[:80]} can't be used as a path: {reason}.") from error
    files = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    preferred = [f for f in files if f.name.lower().startswith("qwen2.5-0.5b")] or files
    if preferred:
        return check(preferred[0])
    return next((found.path for found in elsewhere if _is_small_qwen(found)), None)


def wanted_models(*names: str) -> list[str]:
    """Names in the order they count: command line or settings first, then `QWLSP_MODEL`."""
    return [*names, os.environ.get("QWLSP_MODEL", "")]


def _is_small_qwen(found: Candidate) -> bool:
    """Whether it is the small instruct model that qwlsp is made for, as far as its name tells."""
    name = re.sub(r"[:/_]", "-", found.name.lower())
    says_instruct = "instruct" in name or found.origin == "ollama"  # its bare tags are instruct
    if not (_SMALL_QWEN.search(name) and says_instruct):
        return False
    try:
        check(found.path)
    except ModelError:
        return False
    return True


def _named(name: str, folder: Path, elsewhere: Iterable[Candidate]) -> Path:
    path = Path(name).expanduser()
    if path.is_file():
        return path.absolute()
    for candidate in (folder / name, folder / (name + SUFFIX)):
        if candidate.is_file():
            return candidate
    if path.is_dir():
        raise ModelError(f"{name} is a folder, not a GGUF file.")
    for found in elsewhere:
        if found.name in (name, name + SUFFIX):
            return found.path
    raise ModelError(f"There is no model {name}: it is neither a file nor a name in {folder}.")


def check(path: Path) -> Path:
    """`path`, if it looks like a GGUF file. Raises ModelError."""
    try:
        if path.is_fifo():  # to open it would wait for its other end
            raise ModelError(f"{path} is a pipe, not a file.")
        with path.open("rb") as file:
            magic = file.read(len(GGUF_MAGIC))
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror}.") from error
    if magic != GGUF_MAGIC:
        raise ModelError(f"{path.name} is not a GGUF file.")
    return path


def identity(path: Path) -> str:
    """What tells a model from another one of the same name: cached answers hang on it. Raises
    ModelError if it is gone."""
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror}.") from error
    return f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}"
