"""Which model file to use. Looks at names and first bytes only; loads nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from qwlsp.errors import ModelError

GGUF_MAGIC = b"GGUF"
SUFFIX = ".gguf"
HOW_TO_GET_ONE = "Run `qwlsp model pull` to fetch one (491 MB), or set a GGUF file of your own."


def find_model(wanted: Sequence[str], folder: Path) -> Path | None:
    """The model to use: the first of `wanted` that names one (a file, or a name in `folder`),
    else the default file in `folder`, or the first one there; None if there is none.

    Empty strings in `wanted` are skipped. Raises ModelError where a wanted one is missing or
    is no GGUF.
    """
    for name in wanted:
        if name:
            try:
                return check(_named(name, folder))
            except (OSError, RuntimeError, ValueError) as error:  # anybody may type anything
                reason = str(getattr(error, "strerror", None) or error).rstrip(".")
                raise ModelError(f"{name[:80]} can't be used as a path: {reason}.") from error
    files = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    preferred = [f for f in files if f.name.lower().startswith("qwen2.5-0.5b")] or files
    return check(preferred[0]) if preferred else None


def wanted_models(*names: str) -> list[str]:
    """Names in the order they count: command line or settings first, then `QWLSP_MODEL`."""
    return [*names, os.environ.get("QWLSP_MODEL", "")]


def _named(name: str, folder: Path) -> Path:
    path = Path(name).expanduser()
    if path.is_file():
        return path.absolute()
    for candidate in (folder / name, folder / (name + SUFFIX)):
        if candidate.is_file():
            return candidate
    if path.is_dir():
        raise ModelError(f"{name} is a folder, not a GGUF file.")
    raise ModelError(f"There is no model {name}: it is neither a file nor a name in {folder}.")


def check(path: Path) -> Path:
    """`path`, if it looks like a GGUF file. Raises ModelError."""
    try:
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
