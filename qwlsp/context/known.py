"""What the tree knows of the code in focus, in words short enough for a small model's prompt."""

from __future__ import annotations

from collections.abc import Iterable

from qwlsp.syntax.facts import ClassFacts, Facts, FunctionFacts, ModuleFacts, signature

MOST = 12
"""Names in one list; what comes after them tells a small model nothing."""


def known_facts(facts: Facts) -> list[str]:
    """One line for each thing that is known and worth saying."""
    if isinstance(facts, FunctionFacts):
        lines = _function(facts)
    elif isinstance(facts, ClassFacts):
        lines = _class(facts)
    else:
        lines = _module(facts)
    return [line for line in lines if line]


def _function(facts: FunctionFacts) -> list[str]:
    role = f"{facts.role} of {facts.owner}" if facts.owner else facts.role
    kind = ("async " if facts.is_async else "") + ("generator, " if facts.is_generator else "")
    loops = [f"{loop.kind} over {loop.over}" for loop in facts.loops]
    return [
        f"{kind}{role}: {signature(facts.name, facts.parameters, facts.return_type)}",
        _list("decorated with", facts.decorators),
        _list("returns", facts.returns),
        _list("yields", facts.yields),
        _list("raises", facts.raises),
        _list("catches", facts.catches),
        _list("calls", facts.calls),
        _list("loops", loops),
        _list("sets", facts.attributes),
        _list("defines inside", facts.nested),
    ]


def _class(facts: ClassFacts) -> list[str]:
    return [
        _list(f"class {facts.name}, based on", facts.bases),
        _list("attributes", facts.attributes),
        _list("methods", (method.signature for method in facts.methods)),
    ]


def _module(facts: ModuleFacts) -> list[str]:
    return [
        _list("imports", facts.imports),
        _list("constants", facts.constants),
        _list("classes", (member.name for member in facts.classes)),
        _list("functions", (member.signature for member in facts.functions)),
    ]


def _list(label: str, items: Iterable[str]) -> str:
    """`label: a, b`, or nothing for no items."""
    items = list(items)
    if not items:
        return ""
    more = f" and {len(items) - MOST} more" if len(items) > MOST else ""
    return f"{label}: {', '.join(items[:MOST])}{more}"
