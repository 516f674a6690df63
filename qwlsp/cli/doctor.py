"""`qwlsp doctor`: this machine, the model, how fast it is here, and what to change."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from qwlsp.cli.shared import INTERRUPTED, JsonOption, ModelOption, NoModelOption, fail, plain
from qwlsp.errors import QwlspError

if TYPE_CHECKING:
    from qwlsp.doctor import Report


def doctor(
    model: ModelOption = None, no_model: NoModelOption = False, as_json: JsonOption = False
) -> None:
    """Look at the machine and the model, measure how fast it is, and say what to change."""
    from qwlsp.doctor import examine

    try:
        report = asyncio.run(examine(model or "", measured=not no_model))
    except QwlspError as error:
        fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print(json.dumps(report.to_json()))
    else:
        _print(report)
    if problem := report.llama_cpp.problem or report.problem:
        fail(problem)


def _print(report: Report) -> None:
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(show_header=False, box=None, pad_edge=False)
    for what, said in report.lines():
        table.add_row(what, Text(plain(said)))
    console.print(table)
    for sentence in report.advice:
        console.print(f"\n- {plain(sentence)}", markup=False)
