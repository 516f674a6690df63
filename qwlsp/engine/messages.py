"""All that the server and the worker process share: messages, and how they are framed.

A frame is a 4-byte big-endian length and that many bytes of UTF-8 JSON,
`{"type": CLASS NAME, ...fields}`. Light to import: both sides start with it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeVar

MAX_FRAME = 64 << 20
"""Bytes; a longer frame means that the stream is out of step."""

LENGTH = struct.Struct(">I")


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How the worker loads a model and makes its context. `None` means: choose yourself."""

    model_path: str
    gpu_layers: int | None = None
    threads: int | None = None
    context_size: int = 32768
    """Tokens; the most that the context may grow to."""
    kv_type: str | None = None
    """"f16", "q8_0" or "q4_0"."""
    memory_limit: int | None = None
    """Bytes that the worker should stay below, where choices allow it."""
    states_folder: str = ""
    """Where what was read is kept over restarts; empty: nowhere."""
    fits_file: str = ""
    """Where it is kept how models run fastest on this machine; empty: nowhere, so it is not
    measured."""


def longest_prompt(context_length: int, max_tokens: int) -> int:
    """Tokens that a prompt may have for an answer of `max_tokens`: half of the context is the
    prompt's, whatever the settings say."""
    return context_length - min(max_tokens, context_length // 2)


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of a chat. `parts` are joined without a separator, but each is tokenized for
    itself, so that a part keeps its tokens whatever follows it."""

    role: str
    parts: Sequence[str | list[int]]
    """Texts; or the tokens of an earlier answer as they were written, since reading its text
    again may give others."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is drawn. `temperature` 0 takes the likeliest one."""

    temperature: float = 0.2
    top_p: float = 0.9
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """The form that an answer must have: a JSON schema, a regular expression that fits all of it
    (in the dialect of Rust's regex: no look-around, and `\\d` is a digit of any script), or one of
    several choices. Of choices, the likeliest one is the answer at any temperature."""

    kind: Literal["json_schema", "regex", "choices"]
    value: dict[str, Any] | str | list[str]


# From the client to the worker.


@dataclass(frozen=True, kw_only=True)
class Start:
    """Load this model; the first message of every connection. A worker that has loaded it already
    is one that was started for the same."""

    config: EngineConfig
    secret: str = ""
    """Of the folder that a shared worker's socket lies in."""
    linger: float = 0.0
    """Seconds without a request after which the worker may end once its last client has gone."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many tokens has each of these texts? Answered at once, whatever else is going on."""

    id: int
    texts: list[str]
    roles: list[str]
    """The turns of the chat that they are for."""
    seconds: float
    """How long the person is willing to wait."""


@dataclass(frozen=True, kw_only=True)
class Generate:
    """Answer this chat in at most `max_tokens` tokens."""

    id: int = 0
    """Given by the client that sends it."""
    messages: list[Message]
    richer: list[list[Message]] = field(default_factory=list)
    """Chats that ask the same with more around it, the richest first. One is answered instead of
    `messages` if what is not in memory of it can be read in `wait_seconds`."""
    wait_seconds: float = 0.0
    answer_start: str = ""
    """What the answer already says; it is gone on with."""
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int = 512
    context_tokens: int | None = None
    """The prompt may not be longer than this; None: than the context less `max_tokens`."""
    constraint: Constraint | None = None
    copies_from_prompt: bool = False
    """Whether much of the answer is likely to stand in the prompt: code that is rewritten."""


@dataclass(frozen=True, kw_only=True)
class ReadAhead:
    """Read these chats while there is nothing better to do, up to the last token but one of each.
    Replaces what an earlier one has not read yet; ends with `Done`."""

    id: int
    chats: list[list[Message]]
    save_power: bool = True
    """On battery, read only the first one."""


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """Stop working on this request. It still ends with `Done`, finish "cancelled"."""

    id: int


# From the worker to the client.


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The model is loaded, by the process `pid`."""

    pid: int
    model: str
    architecture: str
    context_length: int
    warnings: list[str]


@dataclass(frozen=True, kw_only=True)
class LoadFailed:
    """The model can't be loaded; the worker ends after this message."""

    sentence: str


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The tokens of each text; of the chat's own markup, `markup` (for the roles asked for); how
    many this machine reads from nothing in the seconds asked for; and the most that the context
    may hold."""

    id: int
    tokens: list[int]
    markup: int
    within_wait: int
    context_length: int


@dataclass(frozen=True, kw_only=True)
class Reading:
    """`read` of `total` prompt tokens are in the context, `reused` of them from before; reading
    the rest takes about `seconds_left`. In the first one only: `part_tokens`, the length of each
    part of the messages, in order, and `chat`, which of the richer chats it is; None: `messages`
    itself."""

    id: int
    read: int
    total: int
    reused: int
    seconds_left: float = 0.0
    part_tokens: list[int] | None = None
    chat: int | None = None


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The next characters of the answer; `tokens` have been written so far."""

    id: int
    text: str
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Done:
    """The request has ended. `finish` is "stop", "length" or "cancelled"."""

    id: int
    finish: str
    prompt_tokens: int = 0
    reused_tokens: int = 0
    output_tokens: int = 0
    forced_tokens: int = 0
    """Those of the output that the constraint left no choice about."""
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    """Those drafted that the model agreed with."""
    probabilities: dict[str, float] | None = None
    """Of each choice, where the constraint was choices; their sum is 1."""
    written: list[int] | None = None
    """The tokens of the answer, where they can be a part of a later chat."""


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The request was refused or went wrong; `tokens` and `limit` are set for a long prompt."""

    id: int
    sentence: str
    tokens: int | None = None
    limit: int | None = None


Request = Start | Count | Generate | ReadAhead | Cancel
Event = Reading | Piece | Done | Failed
Reply = Ready | LoadFailed | Counted | Event

_TYPES: dict[str, type] = {
    c.__name__: c
    for c in (
        *(Start, Count, Generate, ReadAhead, Cancel),
        *(Ready, LoadFailed, Counted, Reading, Piece, Done, Failed),
    )
}
_NESTED: dict[str, Callable[[Any], Any]] = {
    "config": lambda value: EngineConfig(**value),
    "constraint": lambda value: None if value is None else Constraint(**value),
    "sampling": lambda value: Sampling(**value),
    "chats": lambda value: [[Message(**message) for message in chat] for chat in value],
    "richer": lambda value: [[Message(**message) for message in chat] for chat in value],
    "messages": lambda value: [Message(**message) for message in value],
}

T = TypeVar("T")


def encode(message: Request | Reply) -> bytes:
    """The frame of a message."""
    payload = json.dumps({"type": type(message).__name__, **asdict(message)}).encode()
    return LENGTH.pack(len(payload)) + payload


def decode(payload: bytes) -> Request | Reply:
    """The message of a frame's payload. Raises ValueError where it is none."""
    try:
        data = json.loads(payload)
        cls = _TYPES[data.pop("type")]
        known = {f.name for f in fields(cls)}
        values = {k: _NESTED.get(k, _same)(v) for k, v in data.items() if k in known}
        message: Request | Reply = cls(**values)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a message: {payload[:80]!r}") from error
    return message


def frame_length(header: bytes) -> int:
    """The payload's length that a frame's 4-byte header announces. Raises ValueError."""
    length: int = LENGTH.unpack(header)[0]
    if length > MAX_FRAME:
        raise ValueError(f"a frame of {length} bytes: the stream is out of step")
    return length


def _same(value: T) -> T:
    return value
