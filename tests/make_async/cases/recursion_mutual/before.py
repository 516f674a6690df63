from pathlib import Path


def size(path: Path) -> int:
    """Bytes below a path."""
    if path.is_dir():
        return folder_size(path)
    return path.stat().st_size


def folder_size(folder: Path) -> int:
    """Bytes of all that lies in a folder."""
    total = 0
    for entry in folder.iterdir():
        # Hidden files count as well.
        total += size(entry)
    return total
