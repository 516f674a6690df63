"""The files around the one in focus, as looking names up needs them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from qwlsp.documents import Snapshot
from qwlsp.syntax.outline import Definition, Import, Outline
from qwlsp.text import Span, Text


class CallSite(Protocol):
    """A call: its file, the qualified name of the definition around it ("" for none), its line."""

    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def caller(self) -> str: ...  # noqa: D102
    @property
    def line(self) -> int: ...  # noqa: D102


class Files(Protocol):
    """The files of a workspace, by their paths. A file that can't be read has no outline."""

    def outline(self, path: str) -> Outline | None:
        """What a file defines and imports."""

    def text(self, path: str) -> Text | None:
        """What a file holds."""

    def module(self, importer: str, module: str) -> str | None:
        """The file that an import in file `importer` means by `module`."""

    def callers(self, name: str, *, limit: int = 20) -> Sequence[CallSite]:
        """Where something called `name` is called."""


class IndexedFiles:
    """Files at one moment, as the code in `span` of file `path`, which is `snapshot`, sees them;
    each of them is read at most once.

    A file that can't be read has no definitions, no imports and no source.
    """

    def __init__(self, files: Files, path: str, snapshot: Snapshot, span: Span) -> None:
        self._files = files
        self._path = path
        self._snapshot = snapshot
        self._span = span
        self._indexes: dict[str, Index] = {}
        self._modules: dict[tuple[str, str], str | None] = {}

    def index(self, path: str) -> Index:
        """What a file defines and imports."""
        if path not in self._indexes:
            if path == self._path:
                outline = self._snapshot.outline
                self._indexes[path] = Index.of(outline, visible_imports(outline, self._span))
            else:
                found = self._files.outline(path) or Outline()
                self._indexes[path] = Index.of(found, found.imports)
        return self._indexes[path]

    def source(self, path: str, definition: Definition) -> bytes:
        """The lines of a definition, from the start of the first one."""
        text = self._snapshot.text if path == self._path else self._files.text(path)
        if text is None:
            return b""
        start = text.starts[text.line_of(definition.span.start)]
        return text.data[start : definition.span.end]

    def is_beside(self, path: str, definition: Definition) -> bool:
        """Whether a definition is in the same file as the code, and not a part of it."""
        return path == self._path and not covers(self._span, definition.span)

    def signature(self, path: str, definition: Definition) -> str:
        """All of a definition's signature, which is cut in the outline if it is long."""
        if not definition.signature.endswith("…"):
            return definition.signature
        length = definition.header.end - definition.span.end
        header = self.source(path, definition)[: length or None].decode("utf-8", "replace")
        match = _SIGNATURE.search(header)
        return " ".join(match[0].split()) if match else definition.signature

    def module(self, importer: str, module: str) -> str | None:
        """The file that an import in file `importer` means by `module`."""
        key = (importer, module)
        if key not in self._modules:
            self._modules[key] = self._files.module(importer, module)
        return self._modules[key]

    def submodule(self, importer: str, module: str, name: str) -> str | None:
        """How an import in file `importer` names the module `name` in a package, if there is it."""
        inside = module + name if module.endswith(".") else f"{module}.{name}"
        return inside if self.module(importer, inside) else None

    def callers(self, name: str) -> Sequence[CallSite]:
        """Where something called `name` is called."""
        return self._files.callers(name)


def visible_imports(outline: Outline, span: Span) -> list[Import]:
    """The imports of a file that bind names for the code in `span` of it: all but those inside
    other functions."""
    functions = [each.span for each in outline.definitions if each.kind == "function"]
    starts = [function.start for function in functions]
    found = []
    for each in outline.imports:
        above = bisect_right(starts, each.at) - 1
        around = functions[above] if above >= 0 else Span(0, 0)
        if around.end <= each.at or covers(around, span) or covers(span, around):
            found.append(each)
    return found


def covers(outer: Span, inner: Span) -> bool:
    """Whether all of `inner` is in `outer`."""
    return outer.start <= inner.start and inner.end <= outer.end


@dataclass(frozen=True)
class Index:
    """An outline by names; of definitions with the same name, the one with the longest body."""

    definitions: Mapping[str, Definition]
    imports: Mapping[str, Sequence[Import]]

    @classmethod
    def of(cls, outline: Outline, imported: Iterable[Import]) -> Index:
        """The index of a file in which these names are `imported`."""
        definitions: dict[str, Definition] = {}
        for new in outline.definitions:
            old = definitions.get(new.qualified_name)
            # Overloads and fallbacks are shorter than what they stand beside.
            if old is None or _body_length(new) > _body_length(old):
                definitions[new.qualified_name] = new
        imports: defaultdict[str, list[Import]] = defaultdict(list)
        for each in imported:
            imports[each.name].append(each)
        return cls(definitions, dict(imports))

    def methods(self, names: Set[str]) -> list[Definition]:
        """The methods that have one of these names."""
        return [
            each
            for each in self.definitions.values()
            if each.name in names and each.kind == "function" and "." in each.qualified_name
        ]


def _body_length(definition: Definition) -> int:
    return definition.span.end - definition.header.end


_SIGNATURE = re.compile(r"^\s*(?:async\s+def|def|class)\b.*[^\s:]", re.MULTILINE | re.DOTALL)
