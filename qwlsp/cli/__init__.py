"""The command line. `serve` starts without typer and rich, which the editor would wait for."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """The program `qwlsp`."""
    if sys.argv[1:] == ["serve"]:
        from qwlsp.lsp.start import serve

        serve()
    else:
        from qwlsp.cli.app import app

        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # not every terminal knows every character
        app()
