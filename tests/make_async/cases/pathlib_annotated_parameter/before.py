from __future__ import annotations

import pathlib


def backup(source: pathlib.Path, folder: pathlib.Path | None = None) -> str:
    """Copy a file into the folder of backups, and name the copy."""
    folder = folder or source.parent / "backups"
    folder.mkdir(parents=True, exist_ok=True)

    copy = folder / f"{source.name}.bak"
    copy.write_bytes(source.read_bytes())
    return copy.as_posix()  # does not touch the disk
