"""Runs "Make async" on a folder without an editor and without a model.

`python -m tests.make_async.convert CASE` prints what becomes of a case in `cases`; with `--write`
it is written down as what is expected from then on, to be looked through by a person.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qwlsp.actions import make_async
from qwlsp.answers import Answer, Decision
from qwlsp.cli.place import read_place
from qwlsp.conversion import table
from qwlsp.edits import Edit, apply
from qwlsp.syntax.languages import PYTHON
from qwlsp.syntax.outline import calls
from qwlsp.text import Encoding, Position, Range, Span
from qwlsp.workspace.view import CallSite, Workspace

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = Path(__file__).with_name("cases")


@dataclass(frozen=True)
class Converted:
    """What became of the changed files, by their names, and what was said of it."""

    files: dict[str, str]
    checks: list[tuple[str, bool, str]]
    warnings: list[str]
    decisions: list[Decision] = field(default_factory=list)
    markdown: str = ""


class Folder(Workspace):
    """The files of a folder, searched instead of indexed."""

    def __init__(self, folder: Path) -> None:
        super().__init__([folder], database=None, buffer=lambda path: None)
        self.files = {str(path): read_place(str(path)).snapshot for path in folder.rglob("*.py")}

    def callers(self, name: str, *, limit: int = 20) -> list[CallSite]:
        """All calls of a name."""
        return [
            CallSite(path, call.caller, call.line)
            for path, file in self.files.items()
            if name.encode() in file.text.data
            for call in calls(file.tree, file.text.data, PYTHON, file.outline.definitions)
            if call.name == name
        ][:limit]

    def importers(self, module: str) -> list[str]:
        """The files that import something of a module."""
        return [
            path
            for path, file in self.files.items()
            if any(
                module in (each.module.rpartition(".")[2], each.member)
                for each in file.outline.imports
            )
        ]

    def uses(self, package: str) -> bool:
        """Whether some file imports a package."""
        return any(
            each.module.partition(".")[0] == package
            for file in self.files.values()
            for each in file.outline.imports
        )


def convert(
    folder: Path, target: str, *, client: str = "auto", with_callers: bool = False
) -> Converted:
    """Make `target` of before.py in a folder async. Raises QwlspError if that is refused."""
    path = folder / "before.py"
    files = Folder(folder)
    place = read_place(str(path))
    scopes = place.snapshot.outline.definitions
    found = next((each for each in scopes if each.qualified_name == target), None)
    name = target.rpartition(".")[2].encode()
    start = found.header.end - 1 if found else place.snapshot.text.data.index(b"def " + name) + 4
    prepared = make_async.prepare(
        str(path), place.snapshot, Span(start, start), files, table.load(),
        client=client, with_callers=with_callers,
    )  # fmt: skip
    nowhere = Range(Position(0, 0), Position(0, 0))
    about = Answer(
        action="", file=str(path), symbol=target, range=nowhere, source="rules", markdown=""
    )
    result = make_async.finish(prepared, about, {})
    texts = dict(result.texts)
    edits: dict[str, list[Edit]] = {}
    for each in result.edits:
        span = texts[each.file].span(each.range, Encoding.UTF16)
        edits.setdefault(each.file, []).append(Edit(span, each.new_text))
    return Converted(
        {Path(file).name: str(apply(texts[file], found)) for file, found in edits.items()},
        [(check.name, check.passed, check.detail) for check in result.checks],
        list(result.warnings),
        list(result.decisions),
        result.markdown,
    )


def convert_case(case: Path, folder: Path) -> Converted:
    """Convert a case in a copy of it in `folder`."""
    data: dict[str, Any] = tomllib.loads((case / "case.toml").read_text())
    for file in case.glob("*.py"):
        if not file.name.startswith("after"):
            shutil.copy(file, folder)
    if uses := data.get("uses"):
        (folder / "deps.py").write_text("".join(f"import {each}\n" for each in uses))
    return convert(
        folder,
        data["target"],
        client=data.get("client", "auto"),
        with_callers=data.get("with_callers", False),
    )


def main() -> None:
    """Print what becomes of a case."""
    case = CASES / sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        converted = convert_case(case, Path(folder))
    for name, text in converted.files.items():
        print(f"----- {name}\n{text}")
        if "--write" in sys.argv:
            file = "after.py" if name == "before.py" else f"after_{name}"
            (case / file).write_bytes(text.encode())
    for check in converted.checks:
        print(*check)
    print(*converted.warnings, sep="\n")


if __name__ == "__main__":
    main()
