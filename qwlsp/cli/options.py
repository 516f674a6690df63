"""The options that all questions share, declared once: `@with_options` gives them to a command."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from qwlsp.answer_language import AUTO, find, spoken_in
from qwlsp.cli.shared import JsonOption, ModelOption, NoModelOption
from qwlsp.settings import Settings, from_json

LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The environment's words for the language that people speak, the strongest first."""


class Backend(str, Enum):
    """Who runs the model."""

    embedded = "embedded"
    openai = "openai"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person may say with any question; None leaves it to the settings' defaults."""

    model: ModelOption = None
    no_model: NoModelOption = False
    backend: Annotated[
        Backend | None, typer.Option(help="Who runs the model: this machine, or a server.")
    ] = None
    base_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Of an OpenAI-compatible server; implies its backend."),
    ] = None
    api_key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The variable that holds the server's key.")
    ] = None
    yes: Annotated[bool, typer.Option("--yes", help="Code may go to the server; do not ask.")] = (
        False
    )
    max_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None
    context_tokens: Annotated[
        int | None, typer.Option(min=1, help="Longest prompt, in tokens; it may take its time.")
    ] = None
    temperature: Annotated[
        float | None, typer.Option(help="0 always takes the likeliest word.")
    ] = None
    seed: Annotated[int | None, typer.Option(help="Same seed, same answer.")] = None
    lang: Annotated[str | None, typer.Option(help="Language of the answer.")] = None
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Neither read nor write remembered answers.")
    ] = False
    as_json: JsonOption = False

    def settings(self, **sections: dict[str, Any]) -> Settings:
        """The settings that they stand for, with `sections` besides. A bad value is an error of
        usage."""
        kind = self.backend.value if self.backend else "openai" if self.base_url else None
        is_server = kind == "openai"
        if self.base_url and not is_server:
            raise typer.BadParameter("--base-url is for --backend openai.")
        settings, problems = from_json(
            {
                "model": {"path": None if is_server else self.model},
                "backend": {
                    "kind": kind,
                    "baseUrl": self.base_url,
                    "model": self.model if is_server else None,
                    "apiKeyEnv": self.api_key_env,
                },
                "generation": {
                    "maxTokens": self.max_tokens,
                    "temperature": self.temperature,
                    "seed": self.seed,
                },
                "answers": {"language": self.lang},
                **sections,
            }
        )
        if problems:
            raise typer.BadParameter(" ".join(problems))
        chosen = settings.answers.language
        if chosen != AUTO and find(chosen) is None:
            raise typer.BadParameter(f"{chosen} is none of the languages that are known.")
        return spoken_in(settings, next(filter(None, map(os.environ.get, LOCALES)), None))


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose last parameter is `options: Options`, as typer wants it: with a parameter
    for each of them."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[:-1]
    hints = get_type_hints(Options, include_extras=True)
    shared = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=each.default,
            annotation=hints[each.name],
        )
        for each in fields(Options)
    ]

    @wraps(command)
    def run(**values: Any) -> None:
        options = Options(**{each.name: values.pop(each.name) for each in shared})
        command(**values, options=options)

    keyword_only = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    parameters = [*keyword_only, *shared]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run
