"""The commands of the terminal."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console

from qwlsp import __version__
from qwlsp.answers import Answer, Question
from qwlsp.cache import AnswerCache
from qwlsp.cli.display import Display
from qwlsp.cli.place import read_place, root_of
from qwlsp.errors import QwlspError
from qwlsp.home import answers_file, index_folder, models_folder
from qwlsp.models.find import HOW_TO_GET_ONE, find_model, wanted_models
from qwlsp.service import Service, open_model
from qwlsp.settings import Settings, from_json
from qwlsp.workspace.client import index
from qwlsp.workspace.view import Workspace

app = typer.Typer(
    help="Explains and changes code with a small model on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
model_app = typer.Typer(help="The model: fetch one, see which one is used.", no_args_is_help=True)
app.add_typer(model_app, name="model")

INTERRUPTED = 130


class Detail(str, Enum):
    """How much an explanation says."""

    brief = "brief"
    full = "full"


ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="FILE_OR_NAME", help="The model to use.")
]
NoModelOption = Annotated[bool, typer.Option("--no-model", help="Answer without a model.")]
MaxTokensOption = Annotated[int | None, typer.Option(help="Longest answer, in tokens.")]
ContextTokensOption = Annotated[
    int | None, typer.Option(min=1, help="Longest prompt, in tokens; it may take its time.")
]
TemperatureOption = Annotated[float | None, typer.Option(help="0 always takes the likeliest word.")]
SeedOption = Annotated[int | None, typer.Option(help="Same seed, same answer.")]
LangOption = Annotated[str | None, typer.Option(help="Language of the answer.")]
NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", help="Neither read nor write remembered answers.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DetailOption = Annotated[Detail, typer.Option(help="How much to say.")]


@app.command()
def serve() -> None:
    """Run the language server on standard input and output."""
    from qwlsp.lsp.start import serve as start

    start()


@app.command()
def explain(
    place: Annotated[str, typer.Argument(metavar="FILE[:LINE[-LINE]]", help="What to explain.")],
    detail: DetailOption = Detail.brief,
    model: ModelOption = None,
    no_model: NoModelOption = False,
    max_tokens: MaxTokensOption = None,
    context_tokens: ContextTokensOption = None,
    temperature: TemperatureOption = None,
    seed: SeedOption = None,
    lang: LangOption = None,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Explain the function, class, passage or file at a place."""
    settings = _settings(
        model={"path": model},
        generation={"maxTokens": max_tokens, "temperature": temperature, "seed": seed},
        answers={"language": lang},
    )
    asking = Asking(detail.value, context_tokens, use_cache=not no_cache)
    _answer(place, "", asking, settings, no_model=no_model, as_json=as_json)


@app.command()
def ask(
    place: Annotated[
        str, typer.Argument(metavar="FILE[:LINE[-LINE]]", help="What to ask about, or a folder.")
    ],
    question: Annotated[str, typer.Argument(help="The question.")],
    detail: DetailOption = Detail.brief,
    model: ModelOption = None,
    no_model: NoModelOption = False,
    max_tokens: MaxTokensOption = None,
    context_tokens: ContextTokensOption = None,
    temperature: TemperatureOption = None,
    seed: SeedOption = None,
    lang: LangOption = None,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Ask a question about the code or text at a place, or about all files of a folder."""
    if not question.strip():
        raise typer.BadParameter("The question is empty.")
    settings = _settings(
        model={"path": model},
        generation={"maxTokens": max_tokens, "temperature": temperature, "seed": seed},
        answers={"language": lang},
    )
    asking = Asking(detail.value, context_tokens, use_cache=not no_cache)
    _answer(place, question, asking, settings, no_model=no_model, as_json=as_json)


@dataclass(frozen=True)
class Asking:
    """How a question is asked, whatever it is."""

    detail: Literal["brief", "full"]
    context_tokens: int | None
    use_cache: bool


def _answer(
    place: str, words: str, asking: Asking, settings: Settings, *, no_model: bool, as_json: bool
) -> None:
    try:
        found = read_place(place, folders=bool(words))
        for warning in found.warnings:
            _warn(warning)
        question = Question(
            snapshot=found.snapshot,
            span=found.span,
            file=str(found.path),
            words=words,
            everywhere=found.is_folder,
            detail=asking.detail,
            context_tokens=asking.context_tokens,
            use_cache=asking.use_cache,
        )
        root = root_of(found.path)
        _run(_follow(question, settings, root, no_model=no_model, as_json=as_json))
    except QwlspError as error:
        _fail(error)


async def _follow(
    question: Question, settings: Settings, root: Path | None, *, no_model: bool, as_json: bool
) -> None:
    model = None if no_model else open_model(settings)
    cache = AnswerCache(answers_file())
    files = Workspace([root] if root else [], database=index_folder(), buffer=lambda path: None)
    service = Service(settings, model=model, cache=cache, files=lambda: files)
    display = Display(Console(quiet=as_json))
    try:
        with display:
            if root is not None and question.everywhere:
                await index(root, display.indexing)
            async with aclosing(service.answer(question)) as updates:
                async for update in updates:
                    if not as_json:
                        display.show(update)
        if as_json:
            assert isinstance(update, Answer)
            print(json.dumps(update.to_json()))
    finally:
        if model is not None:
            for warning in model.engine.warnings:
                _warn(warning)
            await model.engine.close()
        cache.close()


@model_app.command("path")
def model_path(model: ModelOption = None) -> None:
    """Print the model in use."""
    try:
        path = find_model(wanted_models(model or ""), models_folder())
    except QwlspError as error:
        _fail(error)
    if path is None:
        _fail(f"There is no model in {models_folder()}. {HOW_TO_GET_ONE}")
    print(path)


@model_app.command("pull")
def model_pull(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Fetch the default model: Qwen2.5-0.5B-Instruct, 491 MB."""
    from qwlsp.models.pull import DEFAULT, pull

    if not yes:
        question = f"Fetch {DEFAULT.file} ({DEFAULT.megabytes} MB) from {DEFAULT.repository}?"
        if not sys.stdin.isatty():
            _fail(f"{question} Say so with --yes where nobody can be asked.")
        if not typer.confirm(question):
            _fail("Nothing was fetched.")
    try:
        path = pull(DEFAULT, models_folder())
    except QwlspError as error:
        _fail(error)
    print(path)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"qwlsp {__version__}")
        raise typer.Exit


def _settings(**sections: dict[str, Any]) -> Settings:
    """Settings from command-line values; a bad one is a usage error."""
    settings, problems = from_json(sections)
    if problems:
        raise typer.BadParameter(" ".join(problems))
    return settings


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until Ctrl-C."""
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _warn(sentence: str) -> None:
    print(f"qwlsp: {sentence}", file=sys.stderr)


def _fail(reason: QwlspError | str) -> NoReturn:
    print(f"qwlsp: {reason}", file=sys.stderr)
    raise typer.Exit(1)
