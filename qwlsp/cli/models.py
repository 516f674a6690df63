"""`qwlsp model`: what is here, what is used, what can be fetched or made."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from qwlsp.cli.shared import INTERRUPTED, JsonOption, ModelOption, fail, plain, warn
from qwlsp.errors import QwlspError
from qwlsp.home import models_folder
from qwlsp.models.find import HOW_TO_GET_ONE, find_model, wanted_models
from qwlsp.models.stores import Skipped, candidates, stores
from qwlsp.settings import Settings

if TYPE_CHECKING:
    from qwlsp.models.listing import FoundModel
    from qwlsp.models.presets import Source

app = typer.Typer(
    help="The model: see what is here and which one is used, fetch one, make a faster one.",
    no_args_is_help=True,
)

FolderOption = Annotated[
    str, typer.Option("--folder", metavar="FOLDER", help="Look here, too, for GGUF files.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

TOO_LARGE = "too large for this machine"


class Quantization(str, Enum):
    """What a model can be converted to."""

    Q4_0 = "Q4_0"
    IQ4_NL = "IQ4_NL"
    Q4_K_M = "Q4_K_M"
    Q8_0 = "Q8_0"


@app.command("list")
def list_models(folder: FolderOption = "", as_json: JsonOption = False) -> None:
    """List the models on this machine: qwlsp's own, Ollama's, LM Studio's, Hugging Face's."""
    import psutil

    from qwlsp.models.listing import found_models, skipped_json

    memory = psutil.virtual_memory().total
    found: list[FoundModel] = []
    skipped: list[Skipped] = []
    context_size = Settings().model.context_size
    for each in found_models(
        stores(models_folder(), folder), context_size=context_size, memory=memory
    ):
        if isinstance(each, Skipped):
            skipped.append(each)
        else:
            found.append(each)
    if as_json:
        models = [asdict(each) for each in found]
        print(json.dumps({"models": models, "skipped": [skipped_json(s) for s in skipped]}))
        return
    _print_models(found)
    for each in skipped:
        warn(each.reason)
    if not found:
        warn(f"No model was found. {HOW_TO_GET_ONE}")


@app.command("path")
def path(model: ModelOption = None, folder: FolderOption = "") -> None:
    """Print the model in use."""
    own = models_folder()
    try:
        found = find_model(wanted_models(model or ""), own, candidates(stores(own, folder)))
    except QwlspError as error:
        fail(error)
    if found is None:
        fail(f"There is no model in {own}. {HOW_TO_GET_ONE}")
    print(found)


@app.command("pull")
def pull_model(
    name: Annotated[
        str,
        typer.Argument(metavar="[NAME]", help="A short name, NAME:Q8_0, or org/repo:file.gguf."),
    ] = "",
    yes: YesOption = False,
    known: Annotated[bool, typer.Option("--list", help="List the short names.")] = False,
) -> None:
    """Fetch a model; without a name the default one, Qwen2.5-0.5B-Instruct (491 MB)."""
    from qwlsp.models.presets import DEFAULT_NAME, read_source

    if known:
        _print_presets()
        return
    try:
        source = read_source(name or DEFAULT_NAME)
        _confirm(source, yes=yes)
        print(_pull(source))
    except QwlspError as error:
        fail(error)
    except KeyboardInterrupt:
        warn("The download was stopped; the next one goes on from here.")
        raise typer.Exit(INTERRUPTED) from None


@app.command("convert")
def convert_model(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="An F32, F16, BF16 or Q8_0 GGUF.")],
    to: Annotated[Quantization, typer.Option(help="What to make of it.")] = Quantization.Q4_0,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: in qwlsp's folder of models.")
    ] = None,
) -> None:
    """Make a smaller and faster file of a model, with llama.cpp's own quantizer."""
    from qwlsp.models.convert import advisable, convert, default_output

    try:
        target = output or default_output(source, to.value, models_folder())
        made = convert(source, target, to.value)
    except QwlspError as error:
        fail(error)
    except KeyboardInterrupt:
        warn("Nothing was made.")
        raise typer.Exit(INTERRUPTED) from None
    warn(advisable(to.value))
    print(made)


def _confirm(source: Source, *, yes: bool) -> None:
    """Ask whether to fetch it; end where nobody can be asked, or does not want it."""
    from qwlsp.models.presets import question

    if yes:
        return
    asked = question(source, os.environ.get("HF_ENDPOINT", ""))
    if not sys.stdin.isatty():
        fail(f"{asked} Say so with --yes where nobody can be asked.")
    if not typer.confirm(asked, err=True):
        fail("Nothing was fetched.")


def _pull(source: Source) -> Path:
    """Fetch it, with a bar on stderr."""
    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from qwlsp.models.pull import pull

    columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *Progress.get_default_columns()[:2],
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task(source.file, total=None)
        return pull(
            source,
            models_folder(),
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def _print_models(found: list[FoundModel]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("name", "type", "size", "context", "from", "notes", box=None, pad_edge=False)
    for each in found:
        notes = [] if each.fits else [TOO_LARGE]
        notes += [] if each.chat_template else ["no chat template"]
        notes += [f"{each.parts} files"] if each.parts > 1 else []
        table.add_row(
            Text(plain(each.name)),
            Text(plain(each.quantization)),
            shown_size(each.size_bytes),
            f"{each.context_length:,}",
            each.origin,
            ", ".join(notes),
        )
    if found:
        Console().print(table)


def _print_presets() -> None:
    import psutil
    from rich.table import Table

    from qwlsp.models.presets import presets
    from qwlsp.models.room import fits, needed_memory

    context_size, memory = Settings().model.context_size, psutil.virtual_memory().total
    table = Table("name", "type", "about", "memory", "notes", box=None, pad_edge=False)
    for preset in presets().values():
        for kind, megabytes in preset.megabytes.items():
            size = megabytes * 10**6
            needed = needed_memory(size, preset.kv_bytes_per_token, context_size)
            name = preset.name if kind == preset.quantization else f"{preset.name}:{kind}"
            note = "" if fits(needed, memory) else TOO_LARGE
            table.add_row(name, kind.upper(), shown_size(size), shown_size(needed), note)
    Console().print(table)
    print(f"Memory is with a full context of {context_size:,} tokens; sizes are approximate.")


def shown_size(size: int) -> str:
    """Bytes for people: "491 MB", "1.1 GB"."""
    return f"{size / 1e6:.0f} MB" if size < 10**9 else f"{size / 1e9:.1f} GB"
