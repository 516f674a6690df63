from pathlib import Path


def clean(folder: str, suffix: str = ".tmp") -> list[str]:
    """Remove what was left over; return the names of what stays."""
    kept = []
    for path in Path(folder).iterdir():
        # Folders are nobody's leftovers.
        if path.suffix == suffix and path.is_file():
            path.unlink()
        else:
            kept.append(path.name)

    return sorted(kept)
