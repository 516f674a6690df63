"""Puts a question from the terminal to the service, and shows or writes what comes of it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import typer
from rich.console import Console

from qwlsp.answers import Action, Answer, Question, Report, Rewrite
from qwlsp.asking import Permit
from qwlsp.cache import AnswerCache
from qwlsp.cli.display import Display
from qwlsp.cli.options import Options
from qwlsp.cli.place import read_place, root_of
from qwlsp.cli.shared import INTERRUPTED, fail, warn
from qwlsp.cli.write import write_edits
from qwlsp.errors import EngineError, QwlspError
from qwlsp.home import answers_file, consents_file, index_folder
from qwlsp.opening import configured_server, local_only, open_model
from qwlsp.remote import consent
from qwlsp.remote.consent import Consents
from qwlsp.remote.server import ServerConfig
from qwlsp.service import Service
from qwlsp.settings import Settings
from qwlsp.workspace.client import index
from qwlsp.workspace.view import Workspace

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What is asked, whatever it is about."""

    action: Action
    words: str = ""
    with_callers: bool = False
    detail: Literal["brief", "full"] = "brief"


def answer(
    place: str, asking: Asking, options: Options, settings: Settings, *, write: bool = False
) -> Answer:
    """Answer a question about a place. Ends the program where that is not possible."""
    try:
        found = read_place(place, folders=asking.action == "ask")
        for warning in found.warnings:
            warn(warning)
        question = Question(
            snapshot=found.snapshot,
            span=found.span,
            file=str(found.path),
            everywhere=found.is_folder,
            context_tokens=options.context_tokens,
            use_cache=not options.no_cache,
            **asdict(asking),
        )
        root = root_of(found.path)
        permit = _ask_consent(settings, root or found.path.parent, options)
        given = _run(_follow(question, settings, root, options, permit or local_only))
        if isinstance(given, (Rewrite, Report)):
            for warning in given.warnings:
                warn(warning)
        if isinstance(given, Rewrite):
            _finish_rewrite(given, write=write)
        return given
    except QwlspError as error:
        fail(error)
    except typer.Abort:  # Ctrl-C at a question
        raise typer.Exit(INTERRUPTED) from None


async def _follow(
    question: Question, settings: Settings, root: Path | None, options: Options, permit: Permit
) -> Answer:
    model = None if options.no_model else open_model(settings, permit=permit)
    cache = AnswerCache(answers_file())
    files = Workspace([root] if root else [], database=index_folder(), buffer=lambda path: None)
    service = Service(settings, model=model, cache=cache, files=lambda: files)
    display = Display(Console(quiet=options.as_json))
    try:
        with display:
            if root is not None and (question.everywhere or question.action == "make-async"):
                await index(root, display.indexing)
            async with aclosing(service.answer(question)) as updates:
                async for update in updates:
                    if not options.as_json:
                        display.show(update)
        assert isinstance(update, Answer)
        if options.as_json:
            print(json.dumps(update.to_json()))
        return update
    finally:
        if model is not None:
            for warning in model.engine.warnings:
                warn(warning)
            await model.engine.close()
        cache.close()


def _ask_consent(settings: Settings, workspace: Path, options: Options) -> Permit | None:
    """Ask in the terminal, once for each workspace, whether code may leave this machine; returns
    what then holds. Raises EngineError where it may not."""
    if options.no_model or settings.backend.kind != "openai":
        return None
    server = configured_server(settings)
    consents = Consents(consents_file())
    if server.needs_consent and not consents.has(workspace, server):
        if not options.yes and not sys.stdin.isatty():
            raise EngineError(f"{consent.refusal(server)} Say so with --yes.")
        if not options.yes and not typer.confirm(consent.question(server, workspace), err=True):
            raise EngineError(consent.refusal(server))
        consents.give(workspace, server)
    return _was_asked


async def _was_asked(_server: ServerConfig, _file: str) -> None:
    """The permit of a program whose person has been asked already."""


def _finish_rewrite(rewrite: Rewrite, *, write: bool) -> None:
    """Say why nothing can be changed, or change the files if that is wanted."""
    if failed := next((check for check in rewrite.checks if not check.passed), None):
        fail(f'Nothing was changed: the check "{failed.name}" did not pass. {failed.detail}')
    if write:
        write_edits(rewrite)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, or until Ctrl-C."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
