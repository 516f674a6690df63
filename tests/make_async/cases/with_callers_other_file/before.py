from pathlib import Path


def read_recipe(name: str) -> list[str]:
    """The steps of a recipe."""
    text = Path(f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line]
