"""Who calls a function or class, as far as names and imports tell."""

from __future__ import annotations

from qwlsp.context.files import CallSite
from qwlsp.context.lookup import Lookup, Thing
from qwlsp.context.paths import COMMON_METHODS
from qwlsp.syntax.scopes import Scope

MOST_CALLERS = 5


def callers(path: str, scope: Scope, lookup: Lookup) -> list[Thing]:
    """The definitions that call `scope`, those in its own file `path` first, at most MOST_CALLERS.

    Calls of anything with its name count, in files that import its file or something in it, unless
    it is the name of a method of Python's own values. Of a constructor, they are the calls of the
    class around it.
    """
    name = called_name(scope)
    if not name or name.startswith("__") or name in COMMON_METHODS:
        return []
    outermost = scope.qualified_name.partition(".")[0]
    found: dict[Thing, None] = {}
    for site in sorted(lookup.files.callers(name), key=lambda site: site.path != path):
        if site.path == path and lookup.is_lasting:
            continue
        caller = _caller(site, lookup)
        if caller is None or _overlap(path, scope, caller):
            continue
        if site.path == path or lookup.imports(site.path, path, outermost):
            found[caller] = None
    return list(found)[:MOST_CALLERS]


def called_name(scope: Scope) -> str:
    """What calls of it say: those of a constructor, the name of its class."""
    around, _, name = scope.qualified_name.rpartition(".")
    return around.rpartition(".")[2] if around and name in _CONSTRUCTORS else scope.name


_CONSTRUCTORS = ("constructor", "__init__", "__new__", "__post_init__")


def _caller(site: CallSite, lookup: Lookup) -> Thing | None:
    """The innermost definition of the outline around a call."""
    around = site.caller
    while around:
        if definition := lookup.definition(site.path, around):
            return Thing(site.path, definition)
        around = around.rpartition(".")[0]
    return None


def _overlap(path: str, scope: Scope, caller: Thing) -> bool:
    assert caller.definition is not None
    span = caller.definition.span
    return path == caller.path and span.start < scope.span.end and scope.span.start < span.end
