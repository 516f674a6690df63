from pathlib import Path


def title(path: Path) -> str:
    """The first heading of a page, or the name of its file."""
    with open(path) as page:
        for line in page.read().split("\n"):
            if line.startswith("# "):
                return line[2:]
    return path.stem


def titles(folder):
    """Titles of two pages."""
    pages = Path(folder)
    return [title(pages / "index.md"), title(pages / "notes.md")]
