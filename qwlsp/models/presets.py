"""From what a person types to a file on the hub: a preset's name, or any `org/repo:file.gguf`."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from qwlsp.errors import DownloadError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT_NAME = "qwen2.5-0.5b-instruct"
_HUB_FILE = re.compile(
    r"(?P<repository>[\w.-]{1,96}/[\w.-]{1,96}):(?P<file>[\w. /+-]{1,200}\.gguf)", re.ASCII
)
_PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$")


@dataclass(frozen=True)
class Source:
    """Where a model comes from. `megabytes`: 10^6 bytes, about; None where only the hub knows."""

    repository: str
    file: str
    megabytes: int | None = None


def question(source: Source, hub: str) -> str:
    """What a person is asked before anything is fetched. `hub`: a mirror; empty: the usual one."""
    size = f" ({source.megabytes} MB)" if source.megabytes else ""
    mirror = f" at {hub}" if hub else ""
    return f"Fetch {source.file}{size} from {source.repository}{mirror}?"


@dataclass(frozen=True)
class Preset:
    """A model that is known by a short name."""

    name: str
    repository: str
    file: str
    """With {} in the place of the quantization."""
    quantization: str
    """The one to take if none is named."""
    megabytes: dict[str, int]
    """About how large it is in each quantization, in 10^6 bytes."""
    kv_bytes_per_token: int

    def source(self, quantization: str) -> Source:
        """The file in one quantization. Raises DownloadError if there is none."""
        size = self.megabytes.get(quantization.lower())
        if size is None:
            known = ", ".join(name.upper() for name in self.megabytes)
            raise DownloadError(f"{self.name} comes as {known}, but not as {quantization[:40]}.")
        return Source(self.repository, self.file.format(quantization.lower()), size)


@cache
def presets() -> dict[str, Preset]:
    """All presets by their names, the default one first."""
    data = tomllib.loads(files("qwlsp.models").joinpath("presets.toml").read_text("utf-8"))
    return {each["name"]: Preset(**each) for each in data["preset"]}


def read_source(text: str) -> Source:
    """What `text` names: a preset, `PRESET:QUANTIZATION`, or `org/repo:file.gguf`. Raises
    DownloadError where it is none of these."""
    name, _, rest = text.partition(":")
    preset = presets().get(name.lower())
    if preset is not None:
        return preset.source(rest or preset.quantization)
    match = _HUB_FILE.fullmatch(text)
    if not match or ".." in text:
        raise DownloadError(
            f"{text[:80]} names no model: it is none of {', '.join(presets())},"
            " nor a file on the hub as org/repo:file.gguf."
        )
    if _PART.search(match["file"]):
        raise DownloadError(f"{match['file']} is only a part of a model; name a whole one.")
    return Source(match["repository"], match["file"])
