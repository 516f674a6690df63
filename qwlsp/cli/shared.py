"""What all commands share: options, and how they say what is wrong."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from qwlsp.errors import QwlspError

ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="FILE_OR_NAME", help="The model to use.")
]
NoModelOption = Annotated[bool, typer.Option("--no-model", help="Answer without a model.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
INTERRUPTED = 130
"""Exit status after Ctrl-C."""


def plain(text: str) -> str:
    """Without control characters: names of files and models may hold anything."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def warn(sentence: str) -> None:
    """Say something on stderr."""
    lines = "\n".join(map(plain, sentence.splitlines()))
    print(f"qwlsp: {lines}", file=sys.stderr)


def fail(reason: QwlspError | str) -> NoReturn:
    """Say why it failed, and end."""
    warn(str(reason))
    raise typer.Exit(1)
