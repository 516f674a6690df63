"""What an expression of names means in a workspace: definitions, modules, values of classes.

Nothing runs and little is inferred: what imports bind, what classes and their bases define, what
annotations say, what constructors set. An expression may mean several things. It ends on any code:
imports in circles, classes that are their own base, names that stand for each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from qwlsp.context.files import IndexedFiles
from qwlsp.context.names import names
from qwlsp.context.paths import CALL, Binding, Path, bases_of, leading_to, result_of, value_of
from qwlsp.syntax.outline import Definition, Import
from qwlsp.syntax.scopes import walk
from qwlsp.syntax.tree import parse


@dataclass(frozen=True)
class Thing:
    """What an expression may mean.

    With a `definition` in file `path`, that function, class or variable; with `is_value`, a value
    of that class; with `field`, what that method sets the attribute `field` to. Without one, the
    module that an import in file `path` would call `module`.
    """

    path: str
    definition: Definition | None = None
    is_value: bool = False
    field: str = ""
    module: str = ""

    @property
    def value(self) -> Thing:
        """A value of this class."""
        return Thing(self.path, self.definition, is_value=True)

    @property
    def itself(self) -> Thing:
        """The definition of this value or attribute."""
        return Thing(self.path, self.definition)

    @property
    def is_class(self) -> bool:
        """Whether it is a class or a value of one."""
        return self.definition is not None and self.definition.kind == "class"

    @property
    def is_variable(self) -> bool:
        """Whether it is a variable or an attribute."""
        return bool(self.field) or (
            self.definition is not None and self.definition.kind == "variable"
        )


Things: TypeAlias = tuple[Thing, ...]
Environment: TypeAlias = Mapping[Path, Things]
"""What the local names in a piece of code mean, and the attributes that it sets."""


class Lookup:
    """Answers about `files`, each of them worked out once.

    One that `is_lasting` tells nothing that typing in another function of the file may change.
    """

    def __init__(self, files: IndexedFiles, *, is_lasting: bool = False) -> None:
        self.files = files
        self.is_lasting = is_lasting
        self._found: dict[tuple[str, str], Thing | None] = {}
        self._lines: dict[Thing, list[Thing]] = {}
        self._meanings: dict[Thing, Things] = {}
        self._depth = 0

    def lasting(self) -> Lookup:
        """One that is lasting, and knows the names that this one has found."""
        other = Lookup(self.files, is_lasting=True)
        other._found = self._found
        return other

    # Names of a file

    def definition(self, path: str, qualified_name: str) -> Definition | None:
        """The definition of that name in a file."""
        return self.files.index(path).definitions.get(qualified_name)

    def find(self, path: str, name: str) -> Thing | None:
        """What `name` means at the top level of a file, followed through imports."""
        key = (path, name)
        if key not in self._found:
            self._found[key] = self._find(path, name)
        return self._found[key]

    def imports(self, importer: str, path: str, name: str) -> bool:
        """Whether file `importer` imports file `path`, or the `name` that it defines."""
        likely = {name, *_WORD.findall(path)}
        imports = self.files.index(importer).imports
        return any(
            self._is_of(importer, each, path, name)
            for group in imports.values()
            for each in group
            # Most imports can't be meant, and finding their files takes time.
            if each.name == "*" or not likely.isdisjoint((each.member, *_WORD.findall(each.module)))
        )

    def _is_of(self, importer: str, each: Import, path: str, name: str) -> bool:
        file = self.files.module(importer, each.module)
        submodule = self.files.submodule(importer, each.module, each.member or "")
        if path == file or (submodule and path == self.files.module(importer, submodule)):
            return True
        found = self.find(file, name) if file else None
        return found is not None and found.path == path

    def _find(self, path: str, name: str) -> Thing | None:
        pending: list[Thing | tuple[str, str]] = [(path, name)]
        seen: set[tuple[str, str]] = set()
        while pending and len(seen) < _MOST_PLACES:
            place = pending.pop()
            if isinstance(place, Thing):
                return place
            if place in seen:
                continue
            seen.add(place)
            if definition := self.definition(*place):
                return Thing(place[0], definition)
            pending.extend(reversed(list(self._sources(*place))))
        return None

    def _sources(self, path: str, name: str) -> Iterator[Thing | tuple[str, str]]:
        """What a file's imports say that `name` is: modules, and names in other files."""
        imports = self.files.index(path).imports
        for each in imports.get(name, ()):
            if each.member is None or each.member == "*":
                # `import a.b` binds `a`; only with `as` it binds a.b.
                is_below = each.module.startswith(name + ".")
                yield Thing(path, module=name if is_below else each.module)
                continue
            file = self.files.module(path, each.module)
            if file:
                yield file, each.member
            if file and each.member == "default":
                yield file, name  # with a name of its own, mostly the same
            if file is None or "__init__." in file:
                submodule = self.files.submodule(path, each.module, each.member)
                yield from [Thing(path, module=submodule)] if submodule else []
        for star in imports.get("*", ()):
            if file := self.files.module(path, star.module):
                yield file, name

    # Expressions

    def environment(
        self, path: str, bindings: Iterable[Binding], known: Environment
    ) -> Environment:
        """What names mean that code in file `path` binds, one after another, beside the `known`."""
        meanings = dict(known)
        for binding in bindings:
            values = [self.follow(path, value, meanings)[-1] for value in binding.values]
            before = meanings.get(binding.target, ())
            meanings[binding.target] = _distinct((before, *values))
        return meanings

    def follow(self, path: str, expression: Path, local: Environment) -> list[Things]:
        """What an expression in file `path` means after each of its steps, at least one."""
        meanings: list[Things] = []
        for length, step in enumerate(expression, 1):
            prefix = expression[:length]
            if prefix in local and (length == 1 or local[prefix]):
                meanings.append(local[prefix])
            elif length == 1:
                found = self.find(path, step)
                meanings.append((found,) if found else ())
            else:
                meanings.append(_distinct(self._step(thing, step) for thing in meanings[-1]))
        return meanings

    def _step(self, thing: Thing, step: str) -> Things:
        if thing.definition is None:
            return self._inside_module(thing, step)
        if step == CALL:
            return self._called(thing)
        if thing.is_variable and (inside := self._own(thing, step)):
            return (inside,)
        # A function that is not called is a property, if it is a method at all.
        owners = (thing,) if thing.is_class else self.meaning(thing)
        found = _distinct(
            (self.member(owner, step),) if owner.is_class else self._inside_module(owner, step)
            for owner in owners
        )
        if not found and step in _CONTAINER_METHODS:
            return tuple(owner for owner in owners if owner.is_value)
        return found

    def _inside_module(self, thing: Thing, name: str) -> Things:
        if thing.definition or name == CALL:
            return ()
        file = self.files.module(thing.path, thing.module)
        found = self.find(file, name) if file else None
        submodule = None if found else self.files.submodule(thing.path, thing.module, name)
        if submodule:
            found = Thing(thing.path, module=submodule)
        return (found,) if found else ()

    def _called(self, thing: Thing) -> Things:
        if thing.is_class:
            # What calling a value gives is not known; mostly it is more of the same.
            return (thing.value,)
        meaning = self.meaning(thing)
        if not thing.is_variable:
            return meaning
        called = ((each.value,) if each.is_class else self.meaning(each) for each in meaning)
        return _distinct(called)

    def meaning(self, thing: Thing) -> Things:
        """What a variable is, or what a function gives: no variables, if that is known."""
        if thing not in self._meanings and self._depth < _DEEPEST:
            self._meanings[thing] = ()
            self._depth += 1
            self._meanings[thing] = _distinct(
                self.meaning(each) if each.is_variable else (each,)
                for each in self._stands_for(thing)
            )
            self._depth -= 1
        return self._meanings.get(thing, ())

    def _stands_for(self, thing: Thing) -> Things:
        if thing.definition is None:
            return ()
        owner = self.owner(thing)
        if owner and thing.field:
            return self._field(owner, thing.field)
        local: Environment = {("Self",): (owner,)} if owner else {}
        signature = self.files.signature(thing.path, thing.definition)
        paths = value_of(signature) if thing.is_variable else result_of(signature)
        return _distinct(self.follow(thing.path, path, local)[-1] for path in paths)

    # Classes

    def owner(self, thing: Thing) -> Thing | None:
        """The class in which a method or field is defined."""
        around = thing.definition.qualified_name.rpartition(".")[0] if thing.definition else ""
        definition = self.definition(thing.path, around)
        return Thing(thing.path, definition) if definition else None

    def member(self, owner: Thing, name: str) -> Thing | None:
        """The attribute `name` of a class or of one of its bases, or what a constructor sets."""
        line = self.line(owner)
        for each in line:
            if found := self._own(each, name):
                return found
        for each in line:
            constructor = self._own(each, "__init__")
            if constructor and self._sets(constructor, name):
                return Thing(each.path, constructor.definition, field=name)
        return None

    def line(self, owner: Thing) -> list[Thing]:
        """A class, then its bases and theirs, each once and before its own bases."""
        owner = owner.itself
        if owner in self._lines or self._depth >= _DEEPEST:
            return self._lines.get(owner, [owner])
        self._lines[owner] = [owner]
        self._depth += 1
        line: list[Thing] = []
        pending = [owner]
        while pending and len(line) < _MOST_BASES:
            each = pending.pop(0)
            if each not in line:
                line.append(each)
                pending[:0] = self.bases(each)
        self._depth -= 1
        self._lines[owner] = line
        return line

    def bases(self, owner: Thing) -> list[Thing]:
        """The classes that a class builds on, as far as they are in the workspace."""
        if owner.definition is None:
            return []
        paths = bases_of(self.files.signature(owner.path, owner.definition))
        found = _distinct(self.follow(owner.path, path, {})[-1] for path in paths)
        meant = _distinct(self.meaning(each) if each.is_variable else (each,) for each in found)
        return [each.itself for each in meant if each.is_class]

    def _own(self, owner: Thing, name: str) -> Thing | None:
        assert owner.definition is not None
        found = self.definition(owner.path, f"{owner.definition.qualified_name}.{name}")
        return Thing(owner.path, found) if found else None

    # What constructors set

    def _sets(self, constructor: Thing, name: str) -> bool:
        source = self._source(constructor)
        # The search saves reading most constructors.
        return f"self.{name}".encode() in source and any(
            each.target == ("self", name) for each in _bindings_in(source)
        )

    def _field(self, owner: Thing, name: str) -> Things:
        """What a class's own constructor sets the attribute `name` to."""
        constructor = self._own(owner, "__init__")
        bindings = _bindings_in(self._source(constructor)) if constructor else ()
        known: Environment = {("self",): (owner.value,)}
        steps = leading_to(("self", name), bindings)
        return self.environment(owner.path, steps, known).get(("self", name), ())

    def _source(self, function: Thing) -> bytes:
        assert function.definition is not None
        if self.is_lasting and self.files.is_beside(function.path, function.definition):
            return b""
        return self.files.source(function.path, function.definition)


_WORD = re.compile(r"\w+")
_MOST_THINGS = 4  # that one expression may mean
_MOST_PLACES = 100  # where one name is looked for
_MOST_BASES = 50
_DEEPEST = 10  # questions that wait for another's answer
_CONTAINER_METHODS = ("copy", "get", "items", "pop", "popitem", "setdefault", "values")


@lru_cache(maxsize=512)
def _bindings_in(source: bytes) -> Sequence[Binding]:
    """What the function with these lines binds."""
    nodes = walk(parse(source).root_node)
    node = next((node for node in nodes if node.type == "function_definition"), None)
    return names(node)[0].bindings if node else ()


def _distinct(groups: Iterable[Iterable[Thing | None]]) -> Things:
    """The first few of the things in `groups`, each once."""
    found: list[Thing] = []
    for group in groups:
        # A list: comparing a few things is quicker than hashing all that is known of them.
        found.extend(thing for thing in group if thing and thing not in found)
    return tuple(found[:_MOST_THINGS])
