"""Fetches a model from its hub: the only code that opens a connection, and only when asked.

What has arrived is kept under a name of its own, so that a later pull goes on where this one was
cut off; the file gets its final name when it is whole, its checksum is right, and it is a model.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from qwlsp.errors import DownloadError, ModelError
from qwlsp.models.inspect import inspect
from qwlsp.models.presets import Source

CONNECT_SECONDS = 5
"""How long a hub may take to answer, or to send the next bytes."""
SPARE = 64 << 20
"""Bytes that a disk must have left besides the file."""
LOCK_SECONDS = 0.1
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Cancelled(DownloadError):
    """The person does not want it any more; what has arrived is kept."""


@dataclass(frozen=True)
class _Remote:
    """What the hub says about a file."""

    url: str
    size: int
    sha256: str


def pull(
    source: Source,
    folder: Path,
    *,
    endpoint: str = "",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """Fetch a model into `folder`, going on with what was begun; where it lies then.

    `endpoint` is a mirror of the hub; empty: `HF_ENDPOINT`, or the hub itself. `on_progress` is
    told the bytes that are here and those there are in all. `cancelled` is asked several times a
    second while bytes arrive; any thread may change its answer. Raises DownloadError, and
    Cancelled.
    """
    _prepare_hub()
    hub = _hub(endpoint)
    with _explained(source, hub, folder):
        remote = _look_up(source, hub)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / Path(source.file).name
        if _is_there(target, remote, cancelled):
            return target
        part = folder / f".{target.name}.{remote.sha256[:16]}.part"
        with _alone(part):
            _check_space(folder, remote.size, part)
            with part.open("ab") as file:
                _fetch(remote, file, on_progress, cancelled)
            _check(part, remote, target.name, cancelled)
            part.replace(target)
    return target


def _prepare_hub() -> None:
    """Set what huggingface_hub reads when it is imported, and what it has no arguments for."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", str(CONNECT_SECONDS))
    from huggingface_hub import constants

    # Bytes are written as they come. Gathered to 10 MB, they would be lost with the connection.
    constants.DOWNLOAD_CHUNK_SIZE = None  # type: ignore[assignment]
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)


def _hub(endpoint: str) -> str:
    """The address of the hub. Raises DownloadError where it is none."""
    from huggingface_hub import constants

    address = (endpoint or os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise DownloadError(f"{address[:80]} is no address of a hub: it must begin with https://.")
    return address


def _look_up(source: Source, hub: str) -> _Remote:
    """Ask the hub for a file's size and checksum."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(source.repository, source.file, endpoint=hub)
    said = get_hf_file_metadata(url, token=False, timeout=CONNECT_SECONDS, endpoint=hub)
    if said.commit_hash is None:
        raise DownloadError(f"What answers at {hub} is no hub of models.")
    if not said.size or not _SHA256.fullmatch(said.etag or ""):
        raise DownloadError(f"{hub} gives no size and checksum for {source.file}.")
    return _Remote(url, said.size, said.etag or "")


def _is_there(target: Path, remote: _Remote, cancelled: Callable[[], bool]) -> bool:
    """Whether the very file was fetched before."""
    return (
        target.is_file()
        and target.stat().st_size == remote.size
        and _digest(target, cancelled) == remote.sha256
    )


def _check_space(folder: Path, size: int, part: Path) -> None:
    here = part.stat().st_size if part.exists() else 0
    needed, free = size - here + SPARE, shutil.disk_usage(folder).free
    if needed > free:
        raise DownloadError(
            f"There is not enough room in {folder}: {needed / 1e6:,.0f} MB are needed,"
            f" {free / 1e6:,.0f} MB are free."
        )


def _fetch(
    remote: _Remote,
    file: BinaryIO,
    on_progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> None:
    """Append what is missing to `file`; cut connections are taken up again as long as each try
    brings something new."""
    from huggingface_hub.file_download import http_get

    watch = _Watch(remote.size, on_progress, cancelled)
    while True:
        here = file.seek(0, os.SEEK_END)
        if here > remote.size:
            file.truncate(here := 0)
        try:
            http_get(
                remote.url,
                file,
                resume_size=here,
                headers={"Accept-Encoding": "identity"},
                expected_size=remote.size,
                tqdm_class=watch,  # type: ignore[arg-type]
            )
            return
        except DownloadError:
            raise
        except Exception as error:  # the hub's client raises its own, its transport's, the system's
            stuck = file.seek(0, os.SEEK_END) <= here
            if stuck or getattr(error, "errno", None) == errno.ENOSPC:
                raise


class _Watch:
    """What huggingface_hub takes for the class of its progress bar, and for the bar."""

    def __init__(
        self, size: int, on_progress: Callable[[int, int], None], cancelled: Callable[[], bool]
    ) -> None:
        self._size = size
        self._done = 0
        self._on_progress = on_progress
        self._cancelled = cancelled

    def __call__(self, *, initial: int = 0, **_options: Any) -> _Watch:
        self._done = initial
        return self

    def __enter__(self) -> _Watch:
        self.update(0)
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def update(self, count: int) -> None:
        """So many bytes have come, and will be written next."""
        self._done += count
        if self._cancelled():
            raise Cancelled("The download was stopped; the next one goes on from here.")
        if self._done > self._size:
            raise _Wrong("The hub sends more than it said there was.")
        self._on_progress(self._done, self._size)


class _Wrong(DownloadError):
    """What has arrived is of no use, not even to go on from."""


def _check(part: Path, remote: _Remote, name: str, cancelled: Callable[[], bool]) -> None:
    """Raise _Wrong where what has arrived is not what the hub has, or is no model."""
    if _digest(part, cancelled) != remote.sha256:
        raise _Wrong(f"{name} arrived with a wrong checksum; it was deleted.")
    try:
        inspect(part)
    except ModelError as error:
        sentence = str(error).replace(part.name, name)
        raise _Wrong(f"{sentence} It was deleted.") from error


def _digest(path: Path, cancelled: Callable[[], bool]) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            if cancelled():
                raise Cancelled("The download was stopped; the next one goes on from here.")
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Keep others from fetching the same file; delete what is of no use."""
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]

    lock = part.with_suffix(".lock")
    try:
        with WeakFileLock(lock, timeout=LOCK_SECONDS):
            try:
                yield
            except _Wrong:
                part.unlink(missing_ok=True)
                raise
            finally:
                lock.unlink(missing_ok=True)
    except TimeoutError as error:
        if error.errno:  # not the lock's
            raise
        raise DownloadError("Another qwlsp is fetching this model at the moment.") from error


@contextmanager
def _explained(source: Source, hub: str, folder: Path) -> Iterator[None]:
    """Make one sentence of whatever goes wrong."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        yield
    except DownloadError:
        raise
    except GatedRepoError as error:
        raise DownloadError(
            f"{source.repository} is open only to people with an account: fetch {source.file} in"
            f" a browser and put it into {folder}."
        ) from error
    except RepositoryNotFoundError as error:
        raise DownloadError(f"{hub} has no {source.repository}, or not for everybody.") from error
    except RemoteEntryNotFoundError as error:
        raise DownloadError(f"{source.repository} has no file {source.file}.") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise DownloadError(f"{hub} refused {source.file} (status {status}).") from error
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise DownloadError(_unreachable(source, hub, error)) from error
        reason = error.strerror or "it can't be written"
        raise DownloadError(f"{folder} can't take {source.file}: {reason}.") from error
    except Exception as error:  # the hub's client raises its own and its transport's
        raise DownloadError(_unreachable(source, hub, error)) from error


def _unreachable(source: Source, hub: str, error: Exception) -> str:
    lines = str(error).strip().splitlines()
    reason = (lines[0] if lines else type(error).__name__).rstrip(".")[:200]
    return f"{source.file} could not be fetched: {hub} can't be reached, or broke off ({reason})."
