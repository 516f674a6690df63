"""What a reader of a piece of code needs to see besides it: its class, definitions, its callers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from qwlsp.context.callers import callers
from qwlsp.context.files import Files, IndexedFiles, covers
from qwlsp.context.lookup import Environment, Lookup, Thing, Things
from qwlsp.context.names import MOST_BYTES, names
from qwlsp.context.paths import CALL, COMMON_METHODS, Mention, Names, Role, names_in_text
from qwlsp.documents import Snapshot
from qwlsp.syntax.languages import PYTHON
from qwlsp.syntax.outline import Definition
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Span

__all__ = ["Files", "Reference", "related", "related_and_lasting"]

MOST = 40
"""References of one piece of code."""


@dataclass(frozen=True)
class Reference:
    """A definition that helps to understand a piece of code.

    The role "class" is that of the class around the code, whose header says enough, and of each
    field in the body of this class that the code uses.
    """

    path: str
    definition: Definition
    role: Literal["definition", "class", "caller"]


def related(snapshot_path: str, scope: Scope, snapshot: Snapshot, files: Files) -> list[Reference]:
    """What a reader of `scope`, which is in the file `snapshot_path`, needs: most needed first.

    First its class and the fields it uses. Then definitions: what it calls or uses, by how often it
    does; the types in annotations; constants and where attributes are set; base classes and
    exceptions; and what those need themselves, as constructors and types of results. Then its
    callers. A module needs what it imports.

    At most MOST, each once and none inside the scope or around it, but for its class; a method may
    stand beside the class it is in. Nothing where there is no grammar.
    """
    if scope.node is None:
        return []
    lookup = Lookup(IndexedFiles(files, snapshot_path, snapshot, scope.span))
    return _Finder(snapshot_path, scope, snapshot, lookup).references()


def related_and_lasting(
    snapshot_path: str, scope: Scope, snapshot: Snapshot, files: Files
) -> tuple[list[Reference], list[Reference]]:
    """What is `related`, and what of that kind is found without a look into the other functions of
    the file, at what they call and what constructors set: typing there does not change it."""
    if scope.node is None:
        return [], []
    lookup = Lookup(IndexedFiles(files, snapshot_path, snapshot, scope.span))
    finders = (_Finder(snapshot_path, scope, snapshot, each) for each in (lookup, lookup.lasting()))
    found, lasting = (finder.references() for finder in finders)
    return found, lasting


class _Rank(IntEnum):
    USED = 0
    TYPE = 1
    VALUE = 2
    BASE = 3
    INDIRECT = 4


_RANKS: dict[Role, _Rank] = {
    "use": _Rank.USED,
    "type": _Rank.TYPE,
    "base": _Rank.BASE,
    "exception": _Rank.BASE,
}


@dataclass
class _Found:
    """A definition, its best rank, how often it is mentioned, and the place of the first time."""

    thing: Thing
    rank: _Rank
    at: int
    count: int = 0


class _Finder:
    """Collects the references of one scope."""

    def __init__(self, path: str, scope: Scope, snapshot: Snapshot, lookup: Lookup) -> None:
        self.path = path
        self.scope = scope
        self.snapshot = snapshot
        self.lookup = lookup
        self.found: dict[tuple[str, Span], _Found] = {}
        # Attributes of local values of which nothing is known, with their first mentions.
        self.unknown: dict[str, int] = {}
        around = [
            Thing(path, each)
            for each in snapshot.outline.definitions
            if each.kind == "class" and covers(each.span, scope.span)
        ]
        self.innermost = around[-1] if around else None
        self.owner = next((each for each in reversed(around) if _span(each) != scope.span), None)

    def references(self) -> list[Reference]:
        """All of them, the most needed first."""
        if self.scope.kind == "module":
            self._imported()
        else:
            self._mentioned()
            self._indirect()
        ranked = sorted(self.found.values(), key=lambda each: (each.rank, -each.count, each.at))
        fields = [each.thing for each in ranked if self._is_own_field(each.thing)]
        own = [self.owner, *fields] if self.owner else []
        others = [each.thing for each in ranked if each.thing not in fields]
        calling = [
            each
            for each in callers(self.path, self.scope, self.lookup)
            if each not in own and each not in others
        ]
        return [
            *_references(own[:MOST], "class"),
            *_references(others[: max(MOST - len(own) - len(calling), 0)], "definition"),
            *_references(calling[: max(MOST - len(own), 0)], "caller"),
        ]

    def _imported(self) -> None:
        for at, each in enumerate(self.snapshot.outline.imports):
            if thing := self.lookup.find(self.path, each.name):
                self._add(thing, _Rank.USED, at)

    def _mentioned(self) -> None:
        known = self._receivers()
        for code in self._code():
            local = self.lookup.environment(self.path, code.bindings, known)
            for mention in code.mentions:
                self._follow(mention, local)
        self._guess()

    def _code(self) -> list[Names]:
        if self.scope.node and self.snapshot.language == PYTHON.id:
            return names(self.scope.node)
        start, end = self.scope.span.start, self.scope.span.end
        text = self.snapshot.text.data[start : min(end, start + MOST_BYTES)]
        return [names_in_text(text.decode("utf-8", "ignore"))]

    def _receivers(self) -> Environment:
        """What `self` and the like mean."""
        if self.innermost is None:
            return {}
        value = self.innermost.value
        bases = tuple(each.value for each in self.lookup.bases(self.innermost))
        return {
            ("self",): (value,),
            ("this",): (value,),
            ("cls",): (self.innermost,),
            ("super", CALL): bases,
        }

    def _follow(self, mention: Mention, local: Environment) -> None:
        """Add what an expression means, step by step."""
        path = mention.path
        meanings = self.lookup.follow(self.path, path, local)
        for length, (step, things) in enumerate(zip(path, meanings, strict=True), 1):
            if step == CALL or local.get(path[:length]):
                continue
            for thing in things:
                self._add(thing, _RANKS[mention.role], mention.at)
            if path[:1] in local and length > 1 and not self._is_known(meanings[length - 2]):
                self.unknown.setdefault(step, mention.at)

    def _is_known(self, things: Things) -> bool:
        return any(not each.is_variable or self.lookup.meaning(each) for each in things)

    def _guess(self) -> None:
        """Of methods of unknown values, add those whose name is unique in the files seen so far."""
        wanted = self.unknown.keys() - COMMON_METHODS
        candidates: defaultdict[str, list[Thing]] = defaultdict(list)
        for path in dict.fromkeys([self.path, *(path for path, _ in self.found)]):
            for each in self.lookup.files.index(path).methods(wanted):
                candidates[each.name].append(Thing(path, each))
        for name, methods in candidates.items():
            if len(methods) == 1:
                self._add(methods[0], _Rank.INDIRECT, self.unknown[name])

    def _indirect(self) -> None:
        """Add what the definitions found so far need themselves."""
        found = list(self.found.values())
        for each in found:
            if each.thing.is_class:
                needed = [self.lookup.member(each.thing, "__init__")]
            else:
                needed = [self.lookup.owner(each.thing), *self.lookup.meaning(each.thing)]
            for further in needed:
                if further and not further.is_variable:
                    self._add(further.itself, _Rank.INDIRECT, each.at)
        self._overriding({_definition(each.thing).name: each for each in found})

    def _overriding(self, found: Mapping[str, _Found]) -> None:
        """Add the methods of the scope's file that override one that is `found`."""
        for method in self.lookup.files.index(self.path).methods(found.keys()):
            overridden = found[method.name]
            base = self.lookup.owner(overridden.thing)
            owner = self.lookup.owner(Thing(self.path, method))
            if base and owner and base in self.lookup.line(owner)[1:]:
                self._add(Thing(self.path, method), _Rank.INDIRECT, overridden.at)

    def _add(self, thing: Thing, rank: _Rank, at: int) -> None:
        if thing.definition is None or thing.is_value or self._is_around(thing.path, _span(thing)):
            return
        if thing.is_variable:
            rank = _Rank.VALUE if rank == _Rank.USED else rank
            for each in self.lookup.meaning(thing):
                if not each.is_variable:
                    self._add(each.itself, _Rank.INDIRECT, at)
        found = self.found.setdefault((thing.path, _span(thing)), _Found(thing.itself, rank, at))
        found.rank = min(found.rank, rank)
        found.count += 1

    def _is_around(self, path: str, span: Span) -> bool:
        """Whether that is the scope, something in it or something around it."""
        own = self.scope.span
        return path == self.path and (covers(own, span) or covers(span, own))

    def _is_own_field(self, thing: Thing) -> bool:
        return (
            self.owner is not None
            and thing.path == self.path
            and _definition(thing).kind == "variable"
            and covers(_span(self.owner), _span(thing))
        )


def _references(
    things: Iterable[Thing], role: Literal["definition", "class", "caller"]
) -> list[Reference]:
    return [Reference(thing.path, _definition(thing), role) for thing in things]


def _definition(thing: Thing) -> Definition:
    assert thing.definition is not None  # only definitions are collected
    return thing.definition


def _span(thing: Thing) -> Span:
    return _definition(thing).span
