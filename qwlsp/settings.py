"""Every setting with its default and its help, declared once.

The tree mirrors the editors' section `qwlsp`: `settings.generation.max_tokens` is
`qwlsp.generation.maxTokens` there. Editors send whatever a person typed, so a bad value is
reported and its default kept; it never stops the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar

T = TypeVar("T")
Check = Callable[[Any], bool]
Schema = dict[str, Any]
"""A JSON schema: editors check with it what is typed into their settings."""
TEXT: Schema = {"type": "string"}


def setting(default: T, help: str, check: Check, expected: str, schema: Schema = TEXT) -> T:
    """A dataclass field for one setting; `expected` completes "must be ..."."""
    metadata = {"help": help, "check": check, "expected": expected, "schema": schema}
    value: T = field(default=default, metadata=metadata)
    return value


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _one_of(*choices: str) -> tuple[Check, str, Schema]:
    expected = "one of " + ", ".join(f'"{c}"' for c in choices)
    return lambda value: value in choices, expected, {"type": "string", "enum": list(choices)}


def _integer(low: int, high: int) -> tuple[Check, str, Schema]:
    return (
        lambda value: (
            isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        ),
        f"a whole number from {low} to {high}",
        {"type": "integer", "minimum": low, "maximum": high},
    )


def _auto_or_integer(low: int, high: int) -> tuple[Check, str, Schema]:
    check, expected, schema = _integer(low, high)
    return (
        lambda value: value == "auto" or check(value),
        f'"auto" or {expected}',
        {**schema, "type": ["string", "integer"], "pattern": "^auto$"},
    )


def _number(low: float, high: float) -> tuple[Check, str, Schema]:
    return (
        lambda value: (
            isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high
        ),
        f"a number from {low:g} to {high:g}",
        {"type": "number", "minimum": low, "maximum": high},
    )


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Which model runs, and how it is loaded."""

    path: str = setting("", "GGUF file to use; empty: look for one.", _text, "a path")
    name: str = setting(
        "",
        "Name of a model, as `qwlsp model list` shows it, with or without .gguf.",
        _text,
        "a name",
    )
    folder: str = setting("", "Folder with GGUF files of your own.", _text, "a path")
    hub_endpoint: str = setting(
        "",
        "Address of a mirror that models are fetched from; empty: HF_ENDPOINT, or Hugging Face.",
        _text,
        "an address",
    )
    gpu_layers: str | int = setting(
        "auto",
        "Layers to offload to the GPU: auto takes all that fit, 0 uses the CPU alone.",
        *_auto_or_integer(0, 1000),
    )
    threads: str | int = setting(
        "auto", "CPU threads: auto takes the physical cores.", *_auto_or_integer(1, 512)
    )
    context_size: int = setting(
        32768, "Tokens of context the model may grow to.", *_integer(512, 131072)
    )
    kv_type: str = setting(
        "auto",
        "How the context is kept in memory: q8_0 and q4_0 are smaller, and slower on a CPU.",
        *_one_of("auto", "f16", "q8_0", "q4_0"),
    )
    memory_limit_mib: int = setting(
        0, "Memory the model's process should stay below, in MiB; 0: no limit.", *_integer(0, 2**20)
    )
    unload_after_minutes: int = setting(
        0, "Free the model's memory after so many idle minutes; 0: never.", *_integer(0, 10_000)
    )


@dataclass(frozen=True, kw_only=True)
class BackendSettings:
    """Who runs the model: this machine, or a server."""

    kind: str = setting(
        "embedded",
        "Who runs the model: embedded, or openai for a server that speaks OpenAI's protocol"
        " (vLLM, Ollama, LM Studio, llama-server).",
        *_one_of("embedded", "openai"),
    )
    base_url: str = setting(
        "http://127.0.0.1:11434/v1",
        "The server's address; code goes there, so you are asked once if it is another machine.",
        _text,
        "an address",
    )
    model: str = setting(
        "", "Which of the server's models answers; empty: the first one.", _text, "a name"
    )
    api_key_env: str = setting(
        "",
        "Name of the environment variable that holds the server's key; empty: none is sent.",
        _text,
        "a name",
    )
    timeout_seconds: float = setting(
        60, "Seconds of silence after which a server's answer has failed.", *_number(1, 3600)
    )


@dataclass(frozen=True, kw_only=True)
class GenerationSettings:
    """How the model writes."""

    temperature: float = setting(
        0.2, "0 always takes the likeliest word; higher is more varied.", *_number(0, 2)
    )
    top_p: float = setting(
        0.9, "Draw only from the likeliest words that make up this share.", *_number(0.01, 1)
    )
    max_tokens: int = setting(512, "Longest answer, in tokens.", *_integer(1, 8192))
    seed: int = setting(
        0, "The same seed gives the same answer to the same question.", *_integer(0, 2**32 - 1)
    )


@dataclass(frozen=True, kw_only=True)
class LatencySettings:
    """What is done ahead so that answers come at once, and how long one may take to begin."""

    max_wait_seconds: float = setting(
        3,
        "Seconds of reading before an answer: what stands around the code is chosen to fit.",
        *_number(0, 600),
    )
    read_ahead: str = setting(
        "auto",
        "Read the code under the cursor before it is asked about; auto does less on battery.",
        *_one_of("auto", "on", "off"),
    )


@dataclass(frozen=True, kw_only=True)
class AnswerSettings:
    """How answers read, and where they are shown."""

    detail: Literal["brief", "full"] = setting(
        "brief", "How much an explanation says.", *_one_of("brief", "full")
    )
    language: str = setting(
        "auto",
        "Language of the answers: auto is the editor's, else a name or code, e.g. German or de.",
        _text,
        "a name",
    )
    show: str = setting(
        "hover",
        "Where an answer shows in editors without a qwlsp plugin: on hover, or as a document.",
        *_one_of("hover", "document"),
    )


@dataclass(frozen=True, kw_only=True)
class EditSettings:
    """How code is changed."""

    confirm: str = setting(
        "auto",
        "Ask before an edit is made, in editors that can: auto asks where other files change or"
        " callers are left behind.",
        *_one_of("auto", "always", "never"),
    )
    http_client: str = setting(
        "auto",
        "What fetches from the web in code made async: auto takes the one that the project uses,"
        " and else a thread.",
        *_one_of("auto", "httpx", "aiohttp", "thread"),
    )


@dataclass(frozen=True, kw_only=True)
class BugSettings:
    """What counts as a bug, and when it is looked for."""

    min_confidence: float = setting(
        0.5,
        "How likely the model must find a bug for it to be shown; not measured with real weights.",
        *_number(0, 1),
    )
    rules: str = setting(
        "",
        'ruff\'s rules that are used, as "F B PLE"; empty: all that find bugs, none: no rules.',
        _text,
        "codes of rules",
    )
    on_save: str = setting(
        "off",
        "Look for bugs in the functions that changed when a file is saved.",
        *_one_of("off", "on"),
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings."""

    model: ModelSettings = field(default_factory=ModelSettings)
    backend: BackendSettings = field(default_factory=BackendSettings)
    generation: GenerationSettings = field(default_factory=GenerationSettings)
    latency: LatencySettings = field(default_factory=LatencySettings)
    answers: AnswerSettings = field(default_factory=AnswerSettings)
    edits: EditSettings = field(default_factory=EditSettings)
    bugs: BugSettings = field(default_factory=BugSettings)


def from_json(data: object, base: Settings | None = None) -> tuple[Settings, list[str]]:
    """Settings from what an editor sent, and a sentence for each value that was not taken. What
    is not named stays as in `base`, or at its default.

    Unknown names are ignored: a newer plugin may know more settings than this server.
    """
    problems: list[str] = []
    base = base or Settings()
    if data is None:
        return base, problems
    return _section(base, data, "qwlsp", problems), problems


def _section(defaults: Any, data: object, name: str, problems: list[str]) -> Any:
    if not isinstance(data, Mapping):
        problems.append(f"{name} must be an object; its defaults are used.")
        return defaults
    values: dict[str, Any] = {}
    for f in fields(defaults):
        key = camel_case(f.name)
        if key not in data or data[key] is None:
            continue
        default, value, full_name = getattr(defaults, f.name), data[key], f"{name}.{key}"
        if is_dataclass(default):
            values[f.name] = _section(default, value, full_name, problems)
        elif f.metadata["check"](value):
            values[f.name] = value
        else:
            expected = f.metadata["expected"]
            problems.append(f"{full_name} must be {expected}; {default!r} is used.")
    return replace(defaults, **values)


_UNITS = {"mib": "MiB"}


def camel_case(name: str) -> str:
    """The editors' spelling of a field's name: max_tokens is maxTokens."""
    first, *rest = name.split("_")
    return first + "".join(_UNITS.get(word, word.title()) for word in rest)


@dataclass(frozen=True)
class Described:
    """A setting as documentation needs it; `name` is the one in editors."""

    name: str
    default: str | int | float
    help: str
    schema: Schema


def described(section: Any = None, prefix: str = "") -> list[Described]:
    """All settings, in order of declaration."""
    found: list[Described] = []
    section = Settings() if section is None else section
    for f in fields(section):
        name, value = prefix + camel_case(f.name), getattr(section, f.name)
        if is_dataclass(value):
            found += described(value, f"{name}.")
        else:
            found.append(Described(name, value, f.metadata["help"], f.metadata["schema"]))
    return found
