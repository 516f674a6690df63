"""Where the module that an import names may be. Pure: paths in, paths out; what exists is not
asked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

_SCRIPT_EXTENSIONS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")


def python_candidates(importer: str, module: str, folders: Iterable[str]) -> Iterator[str]:
    """The files that `module` ("a.b", "..a") can mean in the file `importer`, the likeliest first.

    `folders` are those that a module without leading dots may be in.
    """
    path = module.lstrip(".")
    parts = path.split(".") if path else []
    if not all(part.isidentifier() for part in parts):
        return
    if level := len(module) - len(path):
        folder = importer
        for _ in range(level):
            folder = os.path.dirname(folder)
        folders = [folder]
    for folder in folders:
        base = os.path.join(folder, *parts)
        if parts:
            yield f"{base}.py"
        yield os.path.join(base, "__init__.py")


def script_candidates(importer: str, module: str) -> Iterator[str]:
    """The files that `module` ("./a", "../b/c.js") can mean in the JavaScript file `importer`.

    Packages, which have no leading dot, are not in the workspace.
    """
    if not module.startswith(("./", "../")) and module not in (".", ".."):
        return
    base = os.path.normpath(os.path.join(os.path.dirname(importer), module))
    stem, extension = os.path.splitext(base)
    if extension in _SCRIPT_EXTENSIONS:
        yield base
        yield from (stem + other for other in (".ts", ".tsx"))  # "./a.js" may be a.ts, compiled
    yield from (base + extension for extension in _SCRIPT_EXTENSIONS)
    yield from (os.path.join(base, "index" + extension) for extension in _SCRIPT_EXTENSIONS)
