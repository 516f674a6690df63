"""Fetches a model from its hub: the only code that opens a connection, and only when asked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qwlsp.errors import DownloadError

CONNECT_SECONDS = 5


@dataclass(frozen=True)
class Source:
    """Where a model comes from."""

    repository: str
    file: str
    megabytes: int


DEFAULT = Source("Qwen/Qwen2.5-0.5B-Instruct-GGUF", "qwen2.5-0.5b-instruct-q4_k_m.gguf", 491)


def pull(source: Source, folder: Path) -> Path:
    """Fetch a model into `folder`, resuming what was begun, with a progress bar on stderr.

    The file has its name only when it is whole. Raises DownloadError.
    """
    # Read by huggingface_hub when it is imported.
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", str(CONNECT_SECONDS))
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", str(CONNECT_SECONDS))
    from huggingface_hub import constants, get_session, hf_hub_download

    try:
        # The hub's client tries six times over half a minute; one try tells whether it is there.
        get_session().head(constants.ENDPOINT, timeout=CONNECT_SECONDS)
    except Exception as error:
        raise DownloadError(f"{constants.ENDPOINT} can't be reached ({error}).") from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = hf_hub_download(
            source.repository,
            source.file,
            local_dir=folder,
            etag_timeout=CONNECT_SECONDS,
            token=False,
        )
    except Exception as error:  # the hub's client raises its own, httpx's and the system's
        reason = str(error).strip().splitlines()
        raise DownloadError(
            f"{source.file} could not be fetched ({reason[0] if reason else type(error).__name__})."
        ) from error
    return Path(path)
