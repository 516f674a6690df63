"""Files in memory, as a workspace shows them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from qwlsp.documents import Snapshot
from qwlsp.syntax.languages import language, language_of_file
from qwlsp.syntax.outline import Call, Outline, calls
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Text

EXTENSIONS = (".js", ".ts")


@dataclass(frozen=True)
class CallSite:
    path: str
    caller: str
    line: int


@dataclass(frozen=True)
class Files:
    """Sources by their paths, which are relative to the one root."""

    sources: Mapping[str, str]

    def snapshot(self, path: str) -> Snapshot:
        known = language_of_file(path)
        identifier = known.id if known else "plaintext"
        return Snapshot(f"file:///{path}", 1, identifier, Text.of(self.sources[path]))

    def outline(self, path: str) -> Outline | None:
        return self.snapshot(path).outline if path in self.sources else None

    def text(self, path: str) -> Text | None:
        return Text.of(self.sources[path]) if path in self.sources else None

    def module(self, importer: str, module: str) -> str | None:
        folder = posixpath.dirname(importer)
        if importer.endswith(EXTENSIONS):
            base = posixpath.normpath(posixpath.join(folder, module))
            places = [base + extension for extension in EXTENSIONS]
            places += [f"{base}/index{extension}" for extension in EXTENSIONS]
            return next((each for each in places if each in self.sources), None)
        name = module.lstrip(".")
        parents = len(module) - len(name)
        for _ in range(parents - 1):
            folder = posixpath.dirname(folder)
        for start in [folder] if parents else [folder, ""]:
            base = posixpath.join(start, *name.split("."))
            for each in (f"{base.rstrip('/')}.py", posixpath.join(base, "__init__.py")):
                if each in self.sources:
                    return each
        return None

    def callers(self, name: str, *, limit: int = 20) -> list[CallSite]:
        sites = [
            CallSite(path, call.caller, call.line)
            for path in self.sources
            for call in self._calls(path)
            if call.name == name
        ]
        return sites[:limit]

    def _calls(self, path: str) -> tuple[Call, ...]:
        snapshot = self.snapshot(path)
        known = language(snapshot.language)
        if not known.has_grammar:
            return ()
        definitions = snapshot.outline.definitions
        return calls(snapshot.tree, snapshot.text.data, known, definitions)

    def scope(self, path: str, name: str) -> Scope:
        """The function or class of that qualified name, "" for the module."""
        snapshot = self.snapshot(path)
        if not name:
            return snapshot.whole
        found = next(each for each in snapshot.outline.definitions if each.qualified_name == name)
        return snapshot.scope_at(found.header)
