"""Runs the server on standard input and output."""

from __future__ import annotations

import logging
import os

from qwlsp.lsp.features import create_server


def serve() -> None:
    """Serve one editor until it goes away."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    # At INFO pygls logs whole messages, that is, the person's code.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not corrupt the protocol
    create_server().start_io(source, target)
