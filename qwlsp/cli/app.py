"""The commands of the terminal."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import typer
from rich.console import Console

from qwlsp import __version__
from qwlsp.answer_language import AUTO, find, spoken_in
from qwlsp.answers import Action, Answer, Question, Report, Rewrite
from qwlsp.cache import AnswerCache
from qwlsp.cli.display import Display
from qwlsp.cli.place import read_place, root_of
from qwlsp.cli.write import write_edits
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
LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The environment's words for the language that people speak, the strongest first."""
T = TypeVar("T")


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
    asking = Asking(
        action="explain",
        detail=detail.value,
        context_tokens=context_tokens,
        use_cache=not no_cache,
    )
    _answer(place, asking, settings, no_model=no_model, as_json=as_json)


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
    asking = Asking(
        action="ask",
        words=question,
        detail=detail.value,
        context_tokens=context_tokens,
        use_cache=not no_cache,
    )
    _answer(place, asking, settings, no_model=no_model, as_json=as_json)


@app.command("make-async")
def make_async(
    place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="The function or class.")],
    write: Annotated[bool, typer.Option("--write", help="Change the files.")] = False,
    with_callers: Annotated[
        bool, typer.Option("--with-callers", help="Make its callers async, too.")
    ] = False,
    http_client: Annotated[
        str | None, typer.Option(help="auto, httpx, aiohttp or thread: what fetches from the web.")
    ] = None,
    model: ModelOption = None,
    no_model: NoModelOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a function async, with what has to change for that; print the changes as a diff."""
    settings = _settings(model={"path": model}, edits={"httpClient": http_client})
    asking = Asking(action="make-async", with_callers=with_callers)
    _answer(place, asking, settings, no_model=no_model, as_json=as_json, write=write)


@app.command("find-bug")
def find_bug(
    place: Annotated[str, typer.Argument(metavar="FILE[:LINE[-LINE]]", help="What to look at.")],
    strict: Annotated[bool, typer.Option("--strict", help="Fail if something was found.")] = False,
    model: ModelOption = None,
    no_model: NoModelOption = False,
    context_tokens: ContextTokensOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find bugs in the function, class, passage or file at a place; one a line, like a linter."""
    settings = _settings(model={"path": model}, answers={"language": lang})
    asking = Asking(action="find-bug", context_tokens=context_tokens)
    found = _answer(place, asking, settings, no_model=no_model, as_json=as_json)
    if strict and isinstance(found, Report) and found.findings:
        raise typer.Exit(1)


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What is asked, and how, whatever it is about."""

    action: Action
    words: str = ""
    with_callers: bool = False
    detail: Literal["brief", "full"] = "brief"
    context_tokens: int | None = None
    use_cache: bool = True


def _answer(
    place: str,
    asking: Asking,
    settings: Settings,
    *,
    no_model: bool,
    as_json: bool,
    write: bool = False,
) -> Answer:
    try:
        found = read_place(place, folders=asking.action == "ask")
        for warning in found.warnings:
            _warn(warning)
        question = Question(
            snapshot=found.snapshot,
            span=found.span,
            file=str(found.path),
            everywhere=found.is_folder,
            **asdict(asking),
        )
        root = root_of(found.path)
        answer = _run(_follow(question, settings, root, no_model=no_model, as_json=as_json))
        if isinstance(answer, (Rewrite, Report)):
            for warning in answer.warnings:
                _warn(warning)
        if isinstance(answer, Rewrite):
            _finish_rewrite(answer, write=write)
        return answer
    except QwlspError as error:
        _fail(error)


async def _follow(
    question: Question, settings: Settings, root: Path | None, *, no_model: bool, as_json: bool
) -> Answer:
    model = None if no_model else open_model(settings)
    cache = AnswerCache(answers_file())
    files = Workspace([root] if root else [], database=index_folder(), buffer=lambda path: None)
    service = Service(settings, model=model, cache=cache, files=lambda: files)
    display = Display(Console(quiet=as_json))
    try:
        with display:
            if root is not None and (question.everywhere or question.action == "make-async"):
                await index(root, display.indexing)
            async with aclosing(service.answer(question)) as updates:
                async for update in updates:
                    if not as_json:
                        display.show(update)
        assert isinstance(update, Answer)
        if as_json:
            print(json.dumps(update.to_json()))
        return update
    finally:
        if model is not None:
            for warning in model.engine.warnings:
                _warn(warning)
            await model.engine.close()
        cache.close()


def _finish_rewrite(rewrite: Rewrite, *, write: bool) -> None:
    """Say why nothing can be changed, or change the files if that is wanted."""
    if failed := next((check for check in rewrite.checks if not check.passed), None):
        _fail(f'Nothing was changed: the check "{failed.name}" did not pass. {failed.detail}')
    if write:
        write_edits(rewrite)


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
    chosen = settings.answers.language
    if chosen != AUTO and find(chosen) is None:
        raise typer.BadParameter(f"{chosen} is none of the languages that are known.")
    return spoken_in(settings, next(filter(None, map(os.environ.get, LOCALES)), None))


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, or until Ctrl-C."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _warn(sentence: str) -> None:
    print(f"qwlsp: {sentence}", file=sys.stderr)


def _fail(reason: QwlspError | str) -> NoReturn:
    print(f"qwlsp: {reason}", file=sys.stderr)
    raise typer.Exit(1)
