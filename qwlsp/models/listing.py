"""The models of this machine as `qwlsp model list` shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from qwlsp.errors import ModelError
from qwlsp.models.inspect import inspect
from qwlsp.models.room import fits, needed_memory
from qwlsp.models.stores import Candidate, Origin, Skipped, Store, look_through


@dataclass(frozen=True, kw_only=True)
class FoundModel:
    """A model that can be used."""

    name: str
    path: str
    origin: Origin
    size_bytes: int
    quantization: str
    architecture: str
    context_length: int
    """Tokens."""
    fits: bool
    """Whether this machine has the memory for it."""
    chat_template: bool
    """Whether the file says how a chat is written; if not, ChatML is assumed."""
    parts: int
    """Files that it is made of."""


def found_models(
    stores: Iterable[Store], *, context_size: int, memory: int
) -> Iterator[FoundModel | Skipped]:
    """The models in the stores, each as soon as it is looked at, and what can't be used.

    `context_size`: tokens of context that there must be room for; `memory`: bytes that this
    machine has.
    """
    for found in look_through(stores):
        if isinstance(found, Skipped):
            yield found
            continue
        try:
            yield described(found, context_size=context_size, memory=memory)
        except ModelError as error:
            yield Skipped(found.path, found.origin, str(error))


def described(found: Candidate, *, context_size: int, memory: int) -> FoundModel:
    """What a candidate is. Raises ModelError where it can't be used."""
    file = inspect(found.path)
    context = min(context_size, file.context_length)
    needed = needed_memory(file.size_bytes, file.kv_bytes_per_token, context)
    return FoundModel(
        name=found.name,
        path=str(found.path),
        origin=found.origin,
        size_bytes=file.size_bytes,
        quantization=file.quantization,
        architecture=file.architecture,
        context_length=file.context_length,
        fits=fits(needed, memory),
        chat_template=file.chat_template is not None,
        parts=file.parts,
    )


def skipped_json(skipped: Skipped) -> dict[str, Any]:
    """What can't be used, as JSON has it."""
    return {"path": str(skipped.path), "origin": skipped.origin, "reason": skipped.reason}
