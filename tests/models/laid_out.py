"""Stores of models, laid out as Ollama, LM Studio and the Hugging Face cache lay theirs out."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

MODEL = "application/vnd.ollama.image.model"
TEMPLATE = "application/vnd.ollama.image.template"
REVISION = "a" * 40


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def ollama(
    folder: Path,
    name: str,
    content: bytes,
    *,
    others: list[dict[str, Any]] | None = None,
    blob: bool = True,
) -> Path:
    """Add a model `REGISTRY/NAMESPACE/MODEL:TAG`; its blob."""
    digest = hashlib.sha256(content).hexdigest()
    layers = [
        {"mediaType": TEMPLATE, "digest": f"sha256:{'0' * 64}", "size": 10},
        {"mediaType": MODEL, "digest": f"sha256:{digest}", "size": len(content)},
        *(others or []),
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": f"sha256:{'1' * 64}", "size": 400},
        "layers": layers,
    }
    path = folder / "manifests" / name.replace(":", "/")
    put(path, json.dumps(manifest).encode())
    target = folder / "blobs" / f"sha256-{digest}"
    return put(target, content) if blob else target


def lm_studio(home: Path, name: str, content: bytes) -> Path:
    """Add a model `PUBLISHER/REPOSITORY/FILE`."""
    return put(home / ".lmstudio" / "models" / name, content)


def hugging_face(
    hub: Path, repository: str, file: str, content: bytes, *, revision: str = REVISION
) -> Path:
    """Add a file of a repository, as a link into its blobs; the link."""
    folder = hub / f"models--{repository.replace('/', '--')}"
    blob = put(folder / "blobs" / hashlib.sha256(content).hexdigest(), content)
    put(folder / "refs" / "main", REVISION.encode())
    link = folder / "snapshots" / revision / file
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(os.path.relpath(blob, link.parent))
    return link
