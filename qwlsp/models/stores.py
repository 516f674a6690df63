"""Models that people already have: where other programs keep their GGUF files, and how they are
named there. Looks at folders and manifests only; opens no model, copies nothing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Origin = Literal["qwlsp", "ollama", "lmstudio", "huggingface", "folder"]

SUFFIX = ".gguf"
MAX_DEPTH = 5
"""Folders in folders; people may name their whole disk."""
MAX_ENTRIES = 50_000
MAX_MANIFEST = 1 << 20
"""Bytes; real ones have one or two thousand."""
MODEL_LAYER = "application/vnd.ollama.image.model"
ADAPTER_LAYER = "application/vnd.ollama.image.adapter"
OLLAMA_SYSTEM = ("/usr/share/ollama/.ollama/models", "/var/lib/ollama")
"""Where Ollama keeps models when it runs as a service on Linux."""
_LATER_PART = re.compile(r"-(?!00001-)\d{5}-of-\d{5}\.gguf$")
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")


@dataclass(frozen=True)
class Store:
    """A folder in which a program keeps models."""

    origin: Origin
    folder: Path


@dataclass(frozen=True)
class Candidate:
    """A file that is likely to be a model, under the name that people know it by."""

    name: str
    path: Path
    origin: Origin


@dataclass(frozen=True)
class Skipped:
    """Something in a store that can't be used, and why: a sentence."""

    path: Path
    origin: Origin
    reason: str


def stores(
    own: Path,
    folder: str = "",
    *,
    environment: Mapping[str, str] = os.environ,
    home: Path | None = None,
    system: Iterable[str] = OLLAMA_SYSTEM,
) -> list[Store]:
    """The stores there can be on this machine, qwlsp's `own` folder first, the person's `folder`
    last; they need not exist."""
    home = home or Path.home()
    cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    hub = environment.get("HF_HUB_CACHE") or Path(
        environment.get("HF_HOME") or cache / "huggingface", "hub"
    )
    ollama = [environment.get("OLLAMA_MODELS") or home / ".ollama" / "models", *system]
    found = [Store("qwlsp", own)]
    found += [Store("ollama", _expanded(path)) for path in ollama]
    found += [
        Store("lmstudio", home / path) for path in (".lmstudio/models", ".cache/lm-studio/models")
    ]
    found += [Store("huggingface", _expanded(hub))]
    if folder:
        found.append(Store("folder", _expanded(folder)))
    return found


def _expanded(path: str | Path) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # ~ of somebody who is not there
        return Path(path)


def look_through(stores: Iterable[Store]) -> Iterator[Candidate | Skipped]:
    """What is in the stores, one after the other as it is asked for; a file that several of them
    have, or name twice, comes once."""
    seen: set[tuple[int, int]] = set()
    for store in stores:
        for found in _READERS[store.origin](store):
            if isinstance(found, Skipped):
                yield found
                continue
            file = _identity(found.path)
            if file is None:
                reason = f"{found.name} can't be used: its file {found.path} is missing."
                yield Skipped(found.path, store.origin, reason)
            elif file not in seen:
                seen.add(file)
                yield found


def candidates(stores: Iterable[Store]) -> Iterator[Candidate]:
    """The files that are likely to be models."""
    return (found for found in look_through(stores) if isinstance(found, Candidate))


def _own(store: Store) -> Iterator[Candidate | Skipped]:
    for path in _gguf_files(store.folder, depth=0):
        yield Candidate(path.stem, path, store.origin)


def _by_path(store: Store) -> Iterator[Candidate | Skipped]:
    for path in _gguf_files(store.folder):
        yield Candidate(path.relative_to(store.folder).as_posix(), path, store.origin)


def _hugging_face(store: Store) -> Iterator[Candidate | Skipped]:
    """`models--ORG--REPO/snapshots/REVISION/FILE`; the main revision comes before old ones."""
    for folder in _entries(store.folder):
        kind, _, repository = folder.name.partition("--")
        if kind != "models":
            continue
        main = _text(folder / "refs" / "main").strip()
        revisions = _entries(folder / "snapshots")
        for revision in sorted(revisions, key=lambda path: path.name != main):
            for path in _gguf_files(revision):
                file = path.relative_to(revision).as_posix()
                name = f"{repository.replace('--', '/')}:{file}"
                yield Candidate(name, path, store.origin)


def _ollama(store: Store) -> Iterator[Candidate | Skipped]:
    """`manifests/REGISTRY/NAMESPACE/MODEL/TAG` are JSON and name files in `blobs`."""
    manifests = store.folder / "manifests"
    for path in _files(manifests, depth=MAX_DEPTH):
        registry, *rest = path.relative_to(manifests).parts
        if len(rest) < 3 or path.name.startswith("."):
            continue
        *folders, tag = rest
        if registry == "registry.ollama.ai":
            folders = folders[1:] if folders[0] == "library" else folders
        else:
            folders = [registry, *folders]
        name = f"{'/'.join(folders)}:{tag}"
        try:
            blobs = _model_blobs(path)
        except ValueError as error:
            yield Skipped(path, store.origin, f"{name} can't be used: {error}.")
            continue
        for digest in blobs[:1]:
            blob = store.folder / "blobs" / f"sha256-{digest}"
            yield Candidate(name, blob, store.origin)


_READERS = {
    "qwlsp": _own,
    "ollama": _ollama,
    "lmstudio": _by_path,
    "huggingface": _hugging_face,
    "folder": _by_path,
}


def _model_blobs(manifest: Path) -> list[str]:
    """The digests of a manifest's weights. Raises ValueError, which completes a sentence."""
    try:
        if manifest.stat().st_size > MAX_MANIFEST:
            raise ValueError("its manifest is too long")
        layers = json.loads(manifest.read_bytes())["layers"]
        kinds = [(layer["mediaType"], layer["digest"]) for layer in layers]
    except OSError as error:
        raise ValueError(f"its manifest can't be read: {error.strerror}") from error
    except (KeyError, TypeError, RecursionError, UnicodeError, json.JSONDecodeError) as error:
        raise ValueError("its manifest has a form that is not known") from error
    found = [_digest(digest) for kind, digest in kinds if kind == MODEL_LAYER]
    if not found:
        raise ValueError("its manifest names no GGUF file")
    if len(found) > 1:
        raise ValueError("its weights are in several files")
    if any(kind == ADAPTER_LAYER for kind, _ in kinds):
        raise ValueError("it needs an adapter besides")
    return found


def _digest(value: Any) -> str:
    match = _DIGEST.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError("its manifest has a digest that is none")
    return match[1]


def _gguf_files(folder: Path, *, depth: int = MAX_DEPTH) -> Iterator[Path]:
    """The models below a folder, in order of their names: no projectors of images, and of a
    model that is split only the first part."""
    for path in _files(folder, depth=depth):
        name = path.name.lower()
        if name.endswith(SUFFIX) and "mmproj" not in name and not _LATER_PART.search(name):
            yield path


def _files(folder: Path, *, depth: int) -> Iterator[Path]:
    """All files below a folder, those that links lead to as well, each folder once."""
    seen = {_identity(folder)}
    folders, entries = [(folder, 0)], 0
    while folders:
        current, level = folders.pop()
        inner = []
        for path in _entries(current):
            entries += 1
            if entries > MAX_ENTRIES:
                return
            if not os.path.isdir(path):  # noqa: PTH112 - Path's own raises where a folder is closed
                yield path
            elif level < depth and (its := _identity(path)) not in seen:
                seen.add(its)
                inner.append((path, level + 1))
        folders += reversed(inner)


def _identity(path: Path) -> tuple[int, int] | None:
    """What a file or folder is, whatever it is called; None if it can't be looked at."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return stat.st_dev, stat.st_ino


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, in order of names; nothing if it can't be read or is not there."""
    try:
        return sorted(folder.iterdir())
    except (OSError, ValueError):
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeError):
        return ""
