"""The commands of the terminal."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from qwlsp import __version__
from qwlsp.answers import Report
from qwlsp.cli import doctor, models
from qwlsp.cli.answering import Asking, answer
from qwlsp.cli.options import Options, with_options

app = typer.Typer(
    help="Explains and changes code with a small model on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(models.app, name="model")
app.command("doctor")(doctor.doctor)


class Detail(str, Enum):
    """How much an explanation says."""

    brief = "brief"
    full = "full"


DetailOption = Annotated[Detail, typer.Option(help="How much to say.")]


@app.command()
def serve() -> None:
    """Run the language server on standard input and output."""
    from qwlsp.lsp.start import serve as start

    start()


@app.command()
@with_options
def explain(
    place: Annotated[str, typer.Argument(metavar="FILE[:LINE[-LINE]]", help="What to explain.")],
    detail: DetailOption = Detail.brief,
    *,
    options: Options,
) -> None:
    """Explain the function, class, passage or file at a place."""
    asking = Asking(action="explain", detail=detail.value)
    answer(place, asking, options, options.settings())


@app.command()
@with_options
def ask(
    place: Annotated[
        str, typer.Argument(metavar="FILE[:LINE[-LINE]]", help="What to ask about, or a folder.")
    ],
    question: Annotated[str, typer.Argument(help="The question.")],
    detail: DetailOption = Detail.brief,
    *,
    options: Options,
) -> None:
    """Ask a question about the code or text at a place, or about all files of a folder."""
    if not question.strip():
        raise typer.BadParameter("The question is empty.")
    asking = Asking(action="ask", words=question, detail=detail.value)
    answer(place, asking, options, options.settings())


@app.command("make-async")
@with_options
def make_async(
    place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="The function or class.")],
    write: Annotated[bool, typer.Option("--write", help="Change the files.")] = False,
    with_callers: Annotated[
        bool, typer.Option("--with-callers", help="Make its callers async, too.")
    ] = False,
    http_client: Annotated[
        str | None, typer.Option(help="auto, httpx, aiohttp or thread: what fetches from the web.")
    ] = None,
    *,
    options: Options,
) -> None:
    """Make a function async, with what has to change for that; print the changes as a diff."""
    settings = options.settings(edits={"httpClient": http_client})
    asking = Asking(action="make-async", with_callers=with_callers)
    answer(place, asking, options, settings, write=write)


@app.command("find-bug")
@with_options
def find_bug(
    place: Annotated[str, typer.Argument(metavar="FILE[:LINE[-LINE]]", help="What to look at.")],
    strict: Annotated[bool, typer.Option("--strict", help="Fail if something was found.")] = False,
    *,
    options: Options,
) -> None:
    """Find bugs in the function, class, passage or file at a place; one a line, like a linter."""
    found = answer(place, Asking(action="find-bug"), options, options.settings())
    if strict and isinstance(found, Report) and found.findings:
        raise typer.Exit(1)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"qwlsp {__version__}")
        raise typer.Exit
